/** Roles, permissions and grants in memory: the statements of src/adapters/postgres/access.ts. */
import { Effect, Layer } from "effect";
import { AuditAction } from "../../../src/domain/audit.ts";
import { NOT_INVITED } from "../../../src/domain/operation.ts";
import type { RoleId, UserId } from "../../../src/domain/user.ts";
import { Access, type Account, type Role, type RolesSet, type SetRoles } from "../../../src/ports/access.ts";
import { type Deployment, Settings } from "../../../src/ports/settings.ts";
import {
  etagOf,
  grantsManagement,
  inState,
  isAsExpected,
  isGone,
  isTooLate,
  mayManageUsers,
  otherManagers,
  profileOf,
  replaceRoles,
  type Statement,
  unresolved,
  writeAudit,
  writeDenial,
} from "./rows.ts";
import { makeStatements, notHere, noting } from "./statements.ts";
import { directWire, type Wire } from "./wire.ts";
import { adminRole, observerRole, type Row, researcherRole, type World } from "./world.ts";

const setRoles = (at: Statement, command: SetRoles): RolesSet => {
  const { world } = at;
  const { id, caller, subject, tag, roles, askedAt, confirmed, ifMatch } = command;
  if (world.audit.some((entry) => entry.id === id && entry.action === AuditAction.rolesUpdated))
    return { _tag: "Set", etag: etagOf(world, subject) };
  if (!mayManageUsers(world, caller)) {
    writeDenial(at, AuditAction.denied, command);
    return { _tag: "Denied" };
  }
  if (isTooLate(at, askedAt)) return { _tag: "TooLate" };
  const asked = Date.parse(askedAt);
  const registration = unresolved(world, tag);
  if (registration !== undefined) return { _tag: "Unresolved", id: registration.id };
  if (isGone(world, subject)) return { _tag: "Removed" };
  const unknown = roles.filter((role) => !world.roles.has(role));
  if (unknown.length > 0) return { _tag: "UnknownRoles", roles: unknown };
  if (!isAsExpected(world, subject, ifMatch)) return { _tag: "PreconditionFailed" };
  if ((world.rolesAsked.get(subject) ?? Number.NEGATIVE_INFINITY) > asked) {
    writeAudit(at, AuditAction.rolesOvertaken, { caller, sub: subject }, id);
    return { _tag: "Overtaken", roles: [...(world.grants.get(subject) ?? [])].sort() };
  }
  const others = otherManagers(at, subject, caller);
  const keeps = roles.some((role) => grantsManagement(world, role));
  if (mayManageUsers(world, subject) && !keeps && !others.some((other) => confirmed.includes(other)))
    return { _tag: "LastManager", others };
  world.rolesAsked.set(subject, asked);
  replaceRoles(at, writeAudit(at, AuditAction.rolesUpdated, { caller, sub: subject }, id), roles);
  return { _tag: "Set", etag: etagOf(world, subject) };
};

const inKind =
  (...kinds: ReadonlyArray<Row["kind"]>) =>
  ({ kind }: Row): boolean =>
    kinds.includes(kind);

const NAMES: Readonly<Record<RoleId, string>> = {
  [adminRole]: "Admin",
  [observerRole]: "Observer",
  [researcherRole]: "Researcher",
};

const shown = (id: RoleId): Role => ({ id, rolename: NAMES[id] ?? id, roledescription: "" });

const byName = (one: Role, two: Role) => (one.rolename < two.rolename ? -1 : 1);

const isRegistration = inKind("register", "register_with_roles");
const isNotInvited = ({ history }: Row) => history.some(({ note }) => note?.startsWith(NOT_INVITED));
const iso = (time: number) => new Date(time).toISOString().replace("Z", "000Z");

const accountOf = (world: World, user: UserId, { invitation }: Deployment): Account => {
  const rows = [...world.rows.values()].filter(({ sub }) => sub === user);
  const sent = rows.flatMap((row) => {
    if (row.kind === "invite") return row.state === "done" ? [row.closedAt ?? 0] : [];
    if (!isRegistration(row) || row.needsOperator || isNotInvited(row) || invitation === "none") return [];
    if (invitation === "immediate" && inState("completed", "registered")(row)) return [row.startedAt];
    return row.state === "completed" ? [row.closedAt ?? 0] : [];
  });
  const word = rows.filter((row) => inKind("enable", "disable")(row) && row.state !== "refused").at(-1);
  return {
    profile: profileOf(world, user),
    roles: [...(world.grants.get(user) ?? [])].map(shown).sort(byName),
    invitations: { count: sent.length, lastAt: sent.length === 0 ? null : iso(Math.max(...sent)) },
    deliveryFailed: rows.some(
      ({ closedAt, lastError }) =>
        closedAt === null && lastError?.endsWith("CodeDeliveryFailureException") === true,
    ),
    disabledBy: word?.kind === "disable" ? { userId: word.caller, at: iso(word.startedAt) } : null,
    openOperations: rows
      .filter(({ closedAt }) => closedAt === null)
      .map(({ id, kind }) => ({ operationId: id, kind })),
  };
};

/** The service itself, for those who do without layers. */
export const makeAccess = (world: World, wire: Wire, settings: Deployment) => {
  const run = makeStatements("access", world, wire, settings);
  return noting(
    Access.of({
      mayManageUsers: (question) =>
        run("mayManageUsers", question.caller, (at) => {
          const allowed = mayManageUsers(world, question.caller);
          if (!allowed) writeDenial(at, AuditAction.denied, question);
          const edition = settings.flipEdition === "auto" ? "2026-09" : settings.flipEdition;
          return { allowed, askedAt: new Date(at.now).toISOString(), edition };
        }),
      setRoles: (command) => run("setRoles", command.subject, (at) => setRoles(at, command)),
      isRemoved: (user) => run("isRemoved", user, () => isGone(world, user)),
      profilesLike: (part) =>
        run("profilesLike", "", () => {
          const found = [...world.profiles].filter(([, { name, organisation }]) =>
            [name, organisation].some((text) => text.toLowerCase().includes(part.toLowerCase())),
          );
          return new Set(found.map(([user]) => user));
        }),
      lookUp: (caller, user) =>
        run("lookUp", user, () => ({
          etag: mayManageUsers(world, caller) ? etagOf(world, user) : null,
          profile: profileOf(world, user),
        })),
      haveActed: (users) =>
        run("haveActed", "", () =>
          users.filter(
            (user) =>
              [...world.rows.values()].some(({ caller, sub }) => caller === user && sub !== user) ||
              world.roleChanges.some(({ caller, subject }) => caller === user && subject !== user) ||
              [...world.denials.values()].some(({ caller }) => caller === user),
          ),
        ),
      roles: () => notHere("roles"),
      accountsOf: (users) =>
        run("accountsOf", "", () => new Map(users.map((user) => [user, accountOf(world, user, settings)]))),
      permissionsOf: () => notHere("permissionsOf"),
    }),
  );
};

export const AccessMemory = (world: World, wire: Wire = directWire(world)) =>
  Layer.effect(
    Access,
    Effect.map(Settings, (settings) => makeAccess(world, wire, settings)),
  );
