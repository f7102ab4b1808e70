/** Roles, permissions and grants in memory: the statements of src/adapters/postgres/access.ts. */
import { Effect, Layer } from "effect";
import { AuditAction } from "../../../src/domain/audit.ts";
import type { RoleId } from "../../../src/domain/user.ts";
import { Access, type Role, type RolesSet, type SetRoles } from "../../../src/ports/access.ts";
import { type Deployment, Settings } from "../../../src/ports/settings.ts";
import {
  etagOf,
  grantsManagement,
  isAsExpected,
  isGone,
  isTooLate,
  mayManageUsers,
  otherManagers,
  replaceRoles,
  type Statement,
  unresolved,
  writeAudit,
  writeDenial,
} from "./rows.ts";
import { makeStatements, notHere, noting } from "./statements.ts";
import { directWire, type Wire } from "./wire.ts";
import { adminRole, observerRole, researcherRole, type World } from "./world.ts";

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

const NAMES: Readonly<Record<RoleId, string>> = {
  [adminRole]: "Admin",
  [observerRole]: "Observer",
  [researcherRole]: "Researcher",
};

const shown = (id: RoleId): Role => ({ id, rolename: NAMES[id] ?? id, roledescription: "" });

const byName = (one: Role, two: Role) => (one.rolename < two.rolename ? -1 : 1);

/** The service itself, for those who do without layers. */
export const makeAccess = (world: World, wire: Wire, settings: Deployment) => {
  const run = makeStatements("access", world, wire, settings);
  return noting(
    Access.of({
      mayManageUsers: (question) =>
        run("mayManageUsers", question.caller, (at) => {
          const allowed = mayManageUsers(world, question.caller);
          if (!allowed) writeDenial(at, AuditAction.denied, question);
          return { allowed, askedAt: new Date(at.now).toISOString() };
        }),
      setRoles: (command) => run("setRoles", command.subject, (at) => setRoles(at, command)),
      isRemoved: (user) => run("isRemoved", user, () => isGone(world, user)),
      etagFor: (caller, user) =>
        run("etagFor", user, () => (mayManageUsers(world, caller) ? etagOf(world, user) : null)),
      roles: () => notHere("roles"),
      rolesOf: (users) =>
        run("rolesOf", "", () => {
          const granted = users.map((user) => [user, [...(world.grants.get(user) ?? [])]] as const);
          const found = granted.filter(([, roles]) => roles.length > 0);
          return new Map(found.map(([user, roles]) => [user, roles.map(shown).sort(byName)]));
        }),
      permissionsOf: () => notHere("permissionsOf"),
    }),
  );
};

export const AccessMemory = (world: World, wire: Wire = directWire(world)) =>
  Layer.effect(
    Access,
    Effect.map(Settings, (settings) => makeAccess(world, wire, settings)),
  );
