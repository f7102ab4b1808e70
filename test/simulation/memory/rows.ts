/**
 * The tables of the ledger in memory: reading a row as the Registration schema has it, moving it with its history, and
 * what the indexes of the migration refuse. `Terms` are the durations that SQL gets as parameters.
 */
import { createHash } from "node:crypto";
import { Schema } from "effect";
import { CAN_MANAGE_USERS } from "../../../src/domain/audit.ts";
import type {
  Change,
  ChangeState,
  Operation,
  OperationId,
  Registration,
  State,
} from "../../../src/domain/operation.ts";
import { type IfMatch, type ProfileFields, type RoleId, UserId } from "../../../src/domain/user.ts";
import { type AuditRow, nextId, type Row, type World } from "./world.ts";

/** What SQL gets as parameters; durations in milliseconds. */
export interface Terms {
  readonly budget: number;
  readonly horizon: number;
  readonly keyKept: number;
  /** Never, where null. */
  readonly addressesKept: number | null;
  readonly operationsKept: number | null;
  /** Who never counts as somebody who manages users. */
  readonly machines: ReadonlyArray<UserId>;
}

/** One statement's surroundings. */
export interface Statement {
  readonly world: World;
  readonly terms: Terms;
  readonly now: number;
  /** `request`, `sweeper`, or the id of an operator. */
  readonly by: string;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const iso = (time: number) => new Date(time).toISOString();
const isoOrNull = (time: number | null) => (time === null ? null : iso(time));

/** The row as a statement shows it: with the questions about time answered. */
const shown = (row: Row, { terms, now }: Statement) => ({
  id: row.id,
  kind: row.kind,
  caller: row.caller,
  email: row.email,
  name: row.name,
  organisation: row.organisation,
  roles: row.roles,
  state: row.state,
  verdict: row.verdict,
  reason: row.reason,
  sub: row.sub,
  startedAt: iso(row.startedAt),
  closedAt: isoOrNull(row.closedAt),
  acknowledgedAt: isoOrNull(row.acknowledgedAt),
  missingSince: isoOrNull(row.missingSince),
  graceUntil: isoOrNull(row.graceUntil),
  dueAt: isoOrNull(row.dueAt),
  tries: row.tries,
  needsOperator: row.needsOperator,
  lastError: row.lastError,
  history: row.history,
  stale: now > row.startedAt + terms.budget,
  pastHorizon: now > row.startedAt + terms.horizon,
  graceOver: row.graceUntil !== null && now > row.graceUntil,
  readAt: iso(now),
});

// The table's constraints grant it: each row is what its kind says.
export const operationOf = (row: Row, at: Statement): Operation => shown(row, at) as Operation;
export const registrationOf = (row: Row, at: Statement): Registration => shown(row, at) as Registration;
export const changeOf = (row: Row, at: Statement): Change => shown(row, at) as Change;

/** `update … where id = … and <guard> returning *`. */
export const update = (
  { world }: Statement,
  id: OperationId,
  guard: (row: Row) => boolean,
  change: (row: Row) => Partial<Row>,
): Row | undefined => {
  const row = world.rows.get(id);
  if (row === undefined || !guard(row)) return undefined;
  const moved = { ...row, ...change(row) };
  world.rows.set(id, moved);
  return moved;
};

export const inState =
  (...states: ReadonlyArray<State | ChangeState>) =>
  (row: Row): boolean =>
    states.includes(row.state);

/** The history with one more line. */
export const noted = (
  row: Row,
  { now, by }: Statement,
  state: Row["state"],
  note?: string,
): Row["history"] => {
  const who = operatorOf({ by });
  const signed = who === undefined ? { by } : { by: "operator", who };
  return [...row.history, { at: iso(now), state, ...signed, ...(note !== undefined && { note }) }];
};

const isUserId = Schema.is(UserId);

/** The operator who makes a move, where it is one. */
export const operatorOf = ({ by }: Pick<Statement, "by">): UserId | undefined =>
  isUserId(by) ? by : undefined;

/** What a row forgets when it moves on: how often it was tried, and why that failed. */
export const fresh = { tries: 0, lastError: null } as const;

/** The id of the second audit row about a change that has ended without its effect. */
export const secondRow = (id: string): string => hashed(`not done ${id}`);

/** The id of the audit row about a profile that was written with another's change. */
export const joinedRow = (id: string): string => hashed(`profile ${id}`);

const hashed = (text: string): string =>
  createHash("md5")
    .update(text)
    .digest("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

/** Writes an audit row, once per id, about somebody. Answers the row that it wrote. */
export const writeAudit = (
  { world, now }: Statement,
  action: string,
  { caller, sub }: { readonly caller: UserId; readonly sub: UserId | null },
  id: string = nextId(world),
): AuditRow | undefined => {
  if (sub === null || world.audit.some((entry) => entry.id === id)) return undefined;
  const row = { id, action, userId: sub, by: caller, at: now };
  world.audit.push(row);
  return row;
};

/** Replaces a user's global roles, and writes down which they had, under the audit row that says so. */
export const replaceRoles = (
  { world }: Statement,
  audited: AuditRow | undefined,
  roles: Iterable<RoleId>,
): void => {
  if (audited === undefined) return;
  const { userId: subject } = audited;
  const after = new Set(roles);
  const before = world.grants.get(subject) ?? new Set();
  recordRoles(world, audited, before, after);
  world.grants.set(subject, after);
};

const recordRoles = (
  world: World,
  { id, by: caller, userId: subject }: AuditRow,
  before: ReadonlySet<RoleId>,
  after: ReadonlySet<RoleId>,
): void => {
  world.roleChanges.push({ id, caller, subject, before: [...before].sort(), after: [...after].sort() });
};

/** Takes all of a user's roles, those at a trust as well. Where they had one, the audit row that says so has a record of them. */
export const revokeRoles = (at: Statement, audited: AuditRow | undefined): void => {
  if (audited === undefined) return;
  const { world } = at;
  const { userId } = audited;
  const held = new Set([...(world.grants.get(userId) ?? []), ...(world.trustGrants.get(userId) ?? [])]);
  if (held.size > 0) recordRoles(world, audited, held, new Set());
  world.grants.delete(userId);
  world.trustGrants.delete(userId);
};

/** When no create of this registration can land any more, nor a read be from before that, and a minute. */
export const graceEnd = (row: Row, { now, terms }: Statement): number =>
  Math.max(now, row.startedAt + 2 * terms.horizon) + MINUTE;

/** Whether somebody holds the permission, and the ledger's newest word has not disabled, removed or lost them. */
export const mayManageUsers = (world: World, user: UserId): boolean =>
  [...(world.grants.get(user) ?? [])].some((role) => grantsManagement(world, role)) && mayComeIn(world, user);

/** Whether the ledger's newest word leaves a user in: they are neither disabled nor gone. */
export const mayComeIn = (world: World, user: UserId): boolean =>
  !isDisabled(world, user) && !isGone(world, user);

/** Whether the ledger's newest word is that a user may not sign in. What was not done does not count. */
export const isDisabled = (world: World, user: UserId): boolean =>
  [...world.rows.values()]
    .filter(
      ({ sub, kind, state }) =>
        sub === user && (kind === "enable" || kind === "disable") && state !== "refused",
    )
    .at(-1)?.kind === "disable";

/** Whether the ledger knows that a user is gone, or their deletion is written down. */
export const isGone = (world: World, user: UserId): boolean =>
  [...world.rows.values()].some(
    ({ sub, kind, state }) =>
      sub === user && ((kind === "remove" && state !== "refused") || state === "user_lost"),
  );

/** Whether a role brings CAN_MANAGE_USERS with it. */
export const grantsManagement = (world: World, role: RoleId): boolean =>
  world.permissions.get(role)?.has(CAN_MANAGE_USERS) === true;

/** Who else than the subject manages users, by grants and ledger: the caller first. */
export const otherManagers = (
  { world, terms }: Statement,
  subject: UserId,
  caller: UserId,
): ReadonlyArray<UserId> =>
  [...world.grants.keys()]
    .filter((user) => user !== subject && !terms.machines.includes(user) && mayManageUsers(world, user))
    .sort((one, two) => (one === caller ? -1 : two === caller ? 1 : one < two ? -1 : 1));

/** What FLIP's table has of a user. */
export const profileOf = (world: World, user: UserId) =>
  world.profiles.get(user) ?? { name: "", organisation: "" };

/** Whether somebody has asked later for another value of what is to be written. */
export const isOvertaken = (world: World, user: UserId, profile: ProfileFields, asked: number): boolean => {
  const newer = world.profilesAsked.get(user) ?? {};
  return (["name", "organisation"] as const).some(
    (field) => profile[field] !== null && (newer[field] ?? Number.NEGATIVE_INFINITY) > asked,
  );
};

/** Writes what is not null to a user's profile. */
export const writeProfile = (
  world: World,
  user: UserId,
  { name, organisation }: ProfileFields,
  asked: number,
): void => {
  const known = profileOf(world, user);
  world.profiles.set(user, {
    name: name ?? known.name,
    organisation: organisation ?? known.organisation,
  });
  world.profilesAsked.set(user, {
    ...world.profilesAsked.get(user),
    ...(name !== null && { name: asked }),
    ...(organisation !== null && { organisation: asked }),
  });
};

/** A user's entity tag: it changes with their grants and their profile, and with the newest operation on them. */
export const etagOf = (world: World, user: UserId): string => {
  const roles = [...(world.grants.get(user) ?? [])].sort().join(",");
  const newest = [...world.rows.values()].filter(({ sub }) => sub === user).at(-1)?.id ?? "";
  const { name, organisation } = profileOf(world, user);
  // As PostgreSQL writes it.
  const profile = JSON.stringify({ name, organisation }).replaceAll(/(?<="):|,(?=")/g, "$& ");
  return createHash("md5").update(`${user} ${roles} ${newest} ${profile}`).digest("hex");
};

/** Whether a user has one of these entity tags. */
export const isAsExpected = (world: World, user: UserId, ifMatch: IfMatch = "*"): boolean =>
  ifMatch === "*" || ifMatch.includes(etagOf(world, user));

/** Whether the budget of a request is over, counted from when its caller was checked. */
export const isTooLate = ({ now, terms }: Statement, askedAt: string): boolean =>
  now > Date.parse(askedAt) + terms.budget;

/** The newest row of these kinds for a user. Rows are kept in the order in which they were written. */
export const newest = (world: World, user: UserId, ...kinds: ReadonlyArray<Row["kind"]>): Row | undefined =>
  [...world.rows.values()].filter(({ sub, kind }) => sub === user && kinds.includes(kind)).at(-1);

/** The registration that created a user, by the tag, while it has not kept them: they may be deleted again. */
export const unresolved = (world: World, tag: string | null): Row | undefined => {
  const row = tag === null ? undefined : world.rows.get(tag);
  const open = inState("started", "rolling_back", "rejected", "rolled_back");
  return row !== undefined && open(row) ? row : undefined;
};

/** A caller without permission asked for something: one audit row an hour, and a count; a question counts once. */
export const writeDenial = (
  at: Statement,
  action: string,
  { id, caller, subject }: { readonly id: string; readonly caller: UserId; readonly subject: UserId },
): void => {
  const { world, now } = at;
  const hour = iso(now).slice(0, 13).replace("T", " ");
  const uuid = hashed(`denied ${caller} ${action} ${hour}`);
  const known = world.denials.get(uuid);
  if (known?.question === id) return;
  world.denials.set(uuid, { caller, action, times: (known?.times ?? 0) + 1, question: id });
  writeAudit(at, action, { caller, sub: subject }, uuid);
};
