/** What the ledger forgets in memory: src/adapters/postgres/retention-statements.ts, row by row. */
import { ROWS_AT_ONCE } from "../../../src/adapters/postgres/retention-statements.ts";
import { CLOSED_BY_OPERATOR, isRegistrationKind, NOTE_ENDINGS } from "../../../src/domain/operation.ts";
import { inState, type Statement } from "./rows.ts";
import type { Row, World } from "./world.ts";

/** Keys that one `expire` forgets at the most. */
const KEYS_AT_ONCE = 1000;

/** Whether an operator's own words stand in a note. */
const hasWords = (note: string | undefined): note is string =>
  note?.startsWith(`${CLOSED_BY_OPERATOR}: `) === true;

const withoutWords = (note: string): string =>
  `${CLOSED_BY_OPERATOR}${NOTE_ENDINGS.find((ending) => note.endsWith(ending)) ?? ""}`;

const isPersonal = ({ email, name, organisation, history }: Row): boolean =>
  email !== null || name !== null || organisation !== null || history.some(({ note }) => hasWords(note));

const forgotten = (row: Row): Row => ({
  ...row,
  email: null,
  name: null,
  organisation: null,
  history: row.history.map((line) =>
    hasWords(line.note) ? { ...line, note: withoutWords(line.note) } : line,
  ),
});

/** Whether a closed row is history and nothing else. */
const isHistory = (world: World, old: Row): boolean => {
  if (inState("rejected", "rolled_back")(old)) {
    const [last, before] = [old.history.at(-1), old.history.at(-2)];
    return old.sub !== null || last?.state !== before?.state;
  }
  const others = [...world.rows.values()].filter(({ sub }) => sub === old.sub);
  if (others.some(({ dueAt }) => dueAt !== null)) return false;
  // Rows are kept in the order in which they were written, as `started_at` of changes has them in PostgreSQL.
  const later = others.slice(others.indexOf(old) + 1);
  const newer = others.filter(
    (row) =>
      row.startedAt > old.startedAt ||
      (row.startedAt === old.startedAt && !isRegistrationKind(row.kind) && later.includes(row)),
  );
  const isDone = ({ state }: Row) => state === "done";
  const isSwitch = ({ kind }: Row) => kind === "enable" || kind === "disable";
  if (newer.some((row) => row.kind === "remove" && isDone(row))) return true;
  if (newer.length === 0) return false;
  if (old.state === "refused") return true;
  if (!isDone(old)) return false;
  if (isSwitch(old)) return newer.some((row) => isSwitch(row) && isDone(row));
  return old.kind === "invite" || old.kind === "reset_mfa";
};

/** What is past its time, in the order in which it is seen to. */
const past = ({ world, terms, now }: Statement) => {
  const { addressesKept, operationsKept } = terms;
  const rows = [...world.rows.values()];
  const expired = rows
    .filter(
      ({ idempotencyKey, startedAt, closedAt, graceUntil }) =>
        idempotencyKey !== null &&
        startedAt < now - terms.keyKept &&
        closedAt !== null &&
        graceUntil === null,
    )
    .sort((one, two) => one.startedAt - two.startedAt)
    .slice(0, KEYS_AT_ONCE);
  const isOlder = ({ closedAt }: Row, kept: number | null) =>
    kept !== null && closedAt !== null && closedAt < now - kept;
  const isQuiet = ({ dueAt, idempotencyKey }: Row) => dueAt === null && idempotencyKey === null;
  const firstClosed = (one: Row, two: Row) => (one.closedAt ?? 0) - (two.closedAt ?? 0);

  const forgetting = rows
    .filter((row) => isPersonal(row) && isQuiet(row) && isOlder(row, addressesKept))
    .sort(firstClosed)
    .slice(0, ROWS_AT_ONCE);
  const isDue = (row: Row) =>
    isQuiet(row) &&
    !row.needsOperator &&
    isOlder(row, operationsKept) &&
    (addressesKept === null || !isPersonal(row));
  const due = rows
    .filter((row) => isDue(row) && !row.retained)
    .sort(firstClosed)
    .slice(0, ROWS_AT_ONCE);
  return { expired, forgetting, due, isDue, rows };
};

/** Whether `expire` would find anything. */
export const hasPast = (at: Statement): boolean => {
  const { expired, forgetting, due } = past(at);
  return expired.length + forgetting.length + due.length > 0;
};

export const expire = (at: Statement) => {
  const { world } = at;
  const { expired, forgetting, due, isDue, rows } = past(at);
  const users = new Set(due.flatMap(({ sub }) => sub ?? []));
  const again = rows.filter((row) => row.retained && row.sub !== null && users.has(row.sub) && isDue(row));
  const judged = [...due, ...again].map((row) => ({ row, goes: isHistory(world, row) }));

  for (const row of expired) world.rows.set(row.id, { ...row, idempotencyKey: null });
  for (const row of forgetting) world.rows.set(row.id, forgotten(row));
  for (const { row, goes } of judged) {
    if (!goes) world.rows.set(row.id, { ...row, retained: true });
    else {
      world.rows.delete(row.id);
      world.deleted.push(row);
    }
  }
  return {
    keysExpired: expired.length,
    addressesForgotten: forgetting.length,
    operationsDeleted: judged.filter(({ goes }) => goes).length,
    more: forgetting.length === ROWS_AT_ONCE || due.length === ROWS_AT_ONCE,
  };
};
