/**
 * The tables of the ledger in memory: reading a row as the Attempt schema has it, moving it with its history, and
 * what the indexes of the migration refuse. `Terms` are the durations that SQL gets as parameters.
 */
import type { Attempt, RegistrationId, State } from "../../src/domain/Registration.ts";
import type { UserId } from "../../src/domain/User.ts";
import { nextId, type Row, type World } from "./World.ts";

/** Milliseconds. */
export interface Terms {
  readonly budget: number;
  readonly horizon: number;
  readonly keyKept: number;
}

/** One statement's surroundings. */
export interface Statement {
  readonly world: World;
  readonly terms: Terms;
  readonly now: number;
  readonly by: string;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const iso = (time: number) => new Date(time).toISOString();
const isoOrNull = (time: number | null) => (time === null ? null : iso(time));

/** The row as a statement shows it: with the questions about time answered. */
export const attemptOf = (row: Row, { terms, now }: Statement): Attempt => ({
  id: row.id,
  kind: row.kind,
  caller: row.caller,
  email: row.email,
  roles: row.roles,
  state: row.state,
  verdict: row.verdict,
  sub: row.sub,
  startedAt: iso(row.startedAt),
  closedAt: isoOrNull(row.closedAt),
  acknowledgedAt: isoOrNull(row.acknowledgedAt),
  missingSince: isoOrNull(row.missingSince),
  watchUntil: isoOrNull(row.watchUntil),
  dueAt: isoOrNull(row.dueAt),
  tries: row.tries,
  needsOperator: row.needsOperator,
  lastError: row.lastError,
  history: row.history,
  stale: now > row.startedAt + terms.budget,
  pastHorizon: now > row.startedAt + terms.horizon,
  watchOver: row.watchUntil !== null && now > row.watchUntil,
  readAt: iso(now),
});

/** `update … where id = … and <guard> returning *`. */
export const update = (
  { world }: Statement,
  id: RegistrationId,
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
  (...states: ReadonlyArray<State>) =>
  (row: Row): boolean =>
    states.includes(row.state);

/** The history with one more line. */
export const noted = (row: Row, { now, by }: Statement, state: State, note?: string): Row["history"] => [
  ...row.history,
  { at: iso(now), state, by, ...(note !== undefined && { note }) },
];

/** What a row forgets when it moves on: how often it was tried, and why that failed. */
export const fresh = { tries: 0, lastError: null } as const;

/** Writes an audit row, once per id, about somebody. */
export const writeAudit = (
  { world, now }: Statement,
  action: string,
  { caller, sub }: { readonly caller: UserId; readonly sub: UserId | null },
  id: string = nextId(world),
): void => {
  if (sub === null || world.audit.some((entry) => entry.id === id)) return;
  world.audit.push({ id, action, userId: sub, by: caller, at: now });
};

/** When no create of this attempt can land any more, and a minute. */
export const watchEnd = (row: Row, { now, terms }: Statement): number =>
  Math.max(now, row.startedAt + terms.horizon) + MINUTE;
