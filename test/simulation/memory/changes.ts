/** Changes in memory: the statements of src/adapters/postgres/changes.ts, each whole or not at all. */
import { Duration, Effect, Layer } from "effect";
import {
  AuditAction,
  CHANGE_ACTION,
  changeNotDone,
  type HowNotDone,
  withProfile,
} from "../../../src/domain/audit.ts";
import type {
  Change,
  ChangeKind,
  ChangeUser,
  OperationId,
  SetProfile,
  WhyNotDone,
} from "../../../src/domain/operation.ts";
import { type ChangeOpening, Changes, type ProfileSet } from "../../../src/ports/changes.ts";
import { type Deployment, Settings } from "../../../src/ports/settings.ts";
import {
  changeOf,
  fresh,
  inState,
  isAsExpected,
  isDisabled,
  isGone,
  isOvertaken,
  isTooLate,
  joinedRow,
  MINUTE,
  mayComeIn,
  mayManageUsers,
  noted,
  operatorOf,
  otherManagers,
  revokeRoles,
  type Statement,
  secondRow,
  unresolved,
  update,
  writeAudit,
  writeDenial,
  writeProfile,
} from "./rows.ts";
import { makeStatements, noting } from "./statements.ts";
import { directWire, type Wire } from "./wire.ts";
import type { Row, World } from "./world.ts";

const areOpposite = (one: Row["kind"], other: Row["kind"]): boolean =>
  (one === "enable" && other === "disable") || (one === "disable" && other === "enable");

/** Whether a newer change closes a pending one of the same user. */
const supersedes = (newer: Row["kind"], pending: Row["kind"]): boolean =>
  areOpposite(newer, pending) ||
  (newer === "disable" && (pending === "invite" || pending === "reset_mfa")) ||
  (newer === "remove" && pending !== "remove");

const open = (at: Statement, command: ChangeUser): ChangeOpening => {
  const { world, now, by } = at;
  const { id, kind, caller, subject, tag, askedAt, confirmed, ifMatch, profile } = command;
  if (!mayManageUsers(world, caller)) {
    writeDenial(at, AuditAction.denied, command);
    return { _tag: "Denied" };
  }
  const rows = [...world.rows.values()];
  const isPending = inState("pending");
  const known =
    world.rows.get(id) ?? rows.find((row) => row.sub === subject && row.kind === kind && isPending(row));
  const isRepeated = known?.id === id || profileIsAudited(world, joinedRow(id));
  if (!isRepeated && !isAsExpected(world, subject, ifMatch)) return { _tag: "PreconditionFailed" };
  if (known !== undefined && (isRepeated || profile === undefined))
    return { _tag: "Opened", change: changeOf(known, at) };

  if (isTooLate(at, askedAt)) return { _tag: "TooLate" };
  const asked = Date.parse(askedAt);
  if (
    rows.some(
      (row) =>
        row.sub === subject &&
        areOpposite(row.kind, kind) &&
        (row.askedAt ?? Number.NEGATIVE_INFINITY) > asked,
    ) ||
    (profile !== undefined && isOvertaken(world, subject, profile, asked))
  )
    return { _tag: "Superseded" };
  if (kind !== "remove" && isGone(world, subject)) return { _tag: "Removed" };
  if (kind === "invite" && isDisabled(world, subject)) return { _tag: "Disabled" };
  const registration = unresolved(world, tag) ?? (kind === "invite" ? undoable(at, tag) : undefined);
  if (registration !== undefined) return { _tag: "Unresolved", id: registration.id };
  if (known !== undefined && profile !== undefined) {
    writeAudit(at, AuditAction.profileUpdated, { caller, sub: subject }, joinedRow(id));
    writeProfile(world, subject, profile, asked);
    return { _tag: "Opened", change: changeOf(known, at) };
  }
  const locksOut = kind === "remove" || kind === "disable";
  const others = otherManagers(at, subject, caller);
  if (locksOut && mayManageUsers(world, subject) && !others.some((other) => confirmed.includes(other)))
    return { _tag: "LastManager", others };

  for (const row of rows) {
    const answered = [SWITCHES.has(kind) && "done", INVITES.has(kind) && "completed"];
    if (row.sub === subject && answered.includes(row.state))
      update(
        at,
        row.id,
        () => true,
        () => ({ needsOperator: false }),
      );
    if (row.sub !== subject || !supersedes(kind, row.kind)) continue;
    const superseded = update(at, row.id, isPending, (moved) => ({
      state: "refused",
      reason: "superseded",
      closedAt: now,
      dueAt: null,
      lastError: null,
      needsOperator: false,
      history: noted(moved, at, "refused", "superseded"),
    }));
    if (superseded === undefined) continue;
    const action = changeNotDone(superseded.kind as ChangeKind, "superseded");
    writeAudit(at, action, { caller, sub: subject }, secondRow(row.id));
  }
  const row: Row = {
    id,
    kind,
    caller,
    email: null,
    name: null,
    organisation: null,
    roles: [],
    idempotencyKey: null,
    sub: subject,
    state: "pending",
    verdict: null,
    reason: null,
    askedAt: asked,
    startedAt: now,
    closedAt: null,
    acknowledgedAt: null,
    missingSince: null,
    graceUntil: null,
    dueAt: now + at.terms.budget,
    tries: 0,
    needsOperator: false,
    lastError: null,
    history: [{ at: new Date(now).toISOString(), state: "pending", by }],
    retained: false,
  };
  world.rows.set(id, row);
  const action = CHANGE_ACTION[kind];
  const audited = writeAudit(at, profile === undefined ? action : withProfile(action), row, id);
  if (profile !== undefined) writeProfile(world, subject, profile, asked);
  if (kind === "remove") revokeRoles(at, audited);
  return { _tag: "Opened", change: changeOf(row, at) };
};

/** Whether the trail says already that this request has written the profile. */
const profileIsAudited = (world: World, id: string): boolean =>
  world.audit.some((entry) => entry.id === id && entry.action === AuditAction.profileUpdated);

const setProfile = (at: Statement, command: SetProfile): ProfileSet => {
  const { world } = at;
  const { id, caller, subject, tag, askedAt, ifMatch, profile } = command;
  if (profileIsAudited(world, id)) return { _tag: "Set" };
  if (!mayManageUsers(world, caller)) {
    writeDenial(at, AuditAction.denied, command);
    return { _tag: "Denied" };
  }
  if (!isAsExpected(world, subject, ifMatch)) return { _tag: "PreconditionFailed" };
  if (isTooLate(at, askedAt)) return { _tag: "TooLate" };
  const asked = Date.parse(askedAt);
  if (isOvertaken(world, subject, profile, asked)) return { _tag: "Superseded" };
  if (isGone(world, subject)) return { _tag: "Removed" };
  const registration = unresolved(world, tag);
  if (registration !== undefined) return { _tag: "Unresolved", id: registration.id };
  writeAudit(at, AuditAction.profileUpdated, { caller, sub: subject }, id);
  writeProfile(world, subject, profile, asked);
  return { _tag: "Set" };
};

/** The registered registration that created a user, while its request may still delete them without a fence. */
const undoable = ({ world, now, terms }: Statement, tag: string | null): Row | undefined => {
  const row = tag === null ? undefined : world.rows.get(tag);
  const unacknowledged = row?.state === "registered" && row.acknowledgedAt === null;
  return unacknowledged && now <= row.startedAt + terms.horizon ? row : undefined;
};

const finish = (at: Statement, id: OperationId): boolean => {
  const { world, now, terms } = at;
  const isRecent = ({ closedAt, graceUntil }: Row, { startedAt }: Row) =>
    closedAt === null || graceUntil !== null || closedAt > startedAt - terms.horizon;
  return (
    update(at, id, inState("pending"), (row) => {
      const opposed = [...world.rows.values()].some(
        (other) => other.sub === row.sub && areOpposite(other.kind, row.kind) && isRecent(other, row),
      );
      const until = opposed ? now + terms.horizon + MINUTE : null;
      return {
        ...fresh,
        state: "done",
        closedAt: now,
        needsOperator: false,
        graceUntil: until,
        dueAt: until,
        history: noted(row, at, "done"),
      };
    }) !== undefined
  );
};

const refuse = (
  at: Statement,
  { id, kind }: Pick<Change, "id" | "kind">,
  end: { readonly reason: WhyNotDone; readonly how: HowNotDone; readonly note?: string },
): boolean => {
  const { reason, how, note = reason } = end;
  const moved = update(at, id, inState("pending"), (row) => ({
    ...fresh,
    state: "refused",
    reason,
    closedAt: at.now,
    dueAt: null,
    needsOperator: false,
    history: noted(row, at, "refused", note),
  }));
  if (moved === undefined) return false;
  const caller = operatorOf(at) ?? moved.caller;
  writeAudit(at, changeNotDone(kind, how), { caller, sub: moved.sub }, secondRow(id));
  return true;
};

/** Rows are kept in the order in which they were written, as `started_at` has them in PostgreSQL. */
const isNewest = ({ world }: Statement, id: OperationId): boolean => {
  const mine = world.rows.get(id);
  const rows = [...world.rows.values()];
  const later = mine === undefined ? [] : rows.slice(rows.indexOf(mine) + 1);
  return !later.some(
    ({ sub, kind, state }) => sub === mine?.sub && SWITCHES.has(kind) && state !== "refused",
  );
};

const INVITES: ReadonlySet<Row["kind"]> = new Set(["invite", "remove"]);

const SWITCHES: ReadonlySet<Row["kind"]> = new Set(["enable", "disable", "remove"]);

const endGracePeriod = (
  at: Statement,
  id: OperationId,
  { note, needsOperator }: { readonly note: string; readonly needsOperator: boolean },
): boolean => {
  const isDone = inState("done");
  return (
    update(
      at,
      id,
      (row) => isDone(row) && row.graceUntil !== null,
      (row) => ({
        ...fresh,
        closedAt: at.now,
        graceUntil: null,
        dueAt: null,
        needsOperator,
        history: noted(row, at, "done", note),
      }),
    ) !== undefined
  );
};

/** The service itself, for those who do without layers. */
export const makeChanges = (world: World, wire: Wire, settings: Deployment) => {
  const run = makeStatements("changes", world, wire, settings);
  return noting(
    Changes.of({
      open: (command) =>
        run("open", command.subject, (at) => open(at, command), {
          dueWithin: Duration.toMillis(settings.requestBudget),
        }),
      setProfile: (command) => run("setProfile", command.subject, (at) => setProfile(at, command)),
      finish: (id) => run("finish", id, (at) => finish(at, id)),
      refuse: (change, end) => run("refuse", change.id, (at) => refuse(at, change, end)),
      mayComeIn: (user) => run("mayComeIn", user, ({ world }) => mayComeIn(world, user)),
      isNewest: ({ id }) => run("isNewest", id, (at) => isNewest(at, id)),
      endGracePeriod: (id, found) => run("endGracePeriod", id, (at) => endGracePeriod(at, id, found)),
    }),
  );
};

export const ChangesMemory = (world: World, wire: Wire = directWire(world)) =>
  Layer.effect(
    Changes,
    Effect.map(Settings, (settings) => makeChanges(world, wire, settings)),
  );
