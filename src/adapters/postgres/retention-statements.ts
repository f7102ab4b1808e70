/**
 * What the ledger forgets in time: one statement, so that it costs a sweep one call. docs/protocol.md, Retention, says who
 * reads which rows, and so what has to stay.
 */
import { CLOSED_BY_OPERATOR, NOTE_ENDINGS } from "../../domain/operation.ts";
import { type Fragment, integer, list, literal, nullable, sql, statement } from "./sql.ts";

/** Keys that are forgotten at once at the most. */
const KEYS_AT_ONCE = 1000;

/** Rows that forget their address, and rows that are judged, at once at the most. */
export const ROWS_AT_ONCE = 200;

/** How an operator's own words begin in a note. */
const WORDS = literal(`${CLOSED_BY_OPERATOR}: %`);

/** A note without the operator's own words. */
const withoutWords = (note: Fragment) => {
  const endings = NOTE_ENDINGS.map(
    (ending) =>
      sql`when ${note} like ${literal(`%${ending}`)} then ${literal(`${CLOSED_BY_OPERATOR}${ending}`)}`,
  );
  return sql`case ${list(endings, " ")} else ${literal(CLOSED_BY_OPERATOR)} end`;
};

/** What a row forgets: for whom it was, and what an operator has written about them. */
export const forget = sql`email = null, name = null, organisation = null, history = (
    select coalesce(jsonb_agg(case when line ->> 'note' like ${WORDS}
      then jsonb_set(line, '{note}', to_jsonb(${withoutWords(sql`line ->> 'note'`)})) else line end order by nth), '[]')
    from jsonb_array_elements(history) with ordinality lines(line, nth))`;

const daysAgo = (days: Fragment) => sql`now() - make_interval(days => ${days})`;

/** Whether the ledger has a later row about the same user, of which this is so. */
const newer = (condition: Fragment = sql`true`) => sql`exists (
      select from registrar.operation newer
      where newer.sub = old.sub and newer.started_at > old.started_at and ${condition})`;

/**
 * Whether a closed row is history and nothing else. A `sub` never comes back, so of a removed user the removal is enough.
 * Of others stay who was registered or lost, the newest word on whether they may sign in, and the newest row, which their
 * ETag names. A registration that ended without them goes where it is certain that nobody of its own can be left: a user
 * of it was deleted, or it has never had a grace period. After one its history has its end twice.
 */
const isHistory = sql`case
    when old.state in ('rejected', 'rolled_back') then
      old.sub is not null or old.history #>> '{-1,state}' is distinct from old.history #>> '{-2,state}'
    when exists (select from registrar.operation open where open.sub = old.sub and open.due_at is not null) then false
    when ${newer(sql`newer.kind = 'remove' and newer.state = 'done'`)} then true
    when not ${newer()} then false
    when old.state = 'refused' or old.state = 'done' and old.kind in ('invite', 'reset_mfa') then true
    when old.state = 'done' and old.kind in ('enable', 'disable') then
      ${newer(sql`newer.kind in ('enable', 'disable') and newer.state = 'done'`)}
    else false end`;

/** The rows whose idempotency key is past its time. */
const withOldKey = (hours: Fragment) => sql`from registrar.operation
  where idempotency_key is not null and started_at < now() - make_interval(hours => ${hours})
    and closed_at is not null and grace_until is null`;

/** The rows whose address is past its time. */
const withOldAddress = (days: Fragment) => sql`from registrar.operation
  where personal and due_at is null and idempotency_key is null and closed_at < ${daysAgo(days)}`;

/** The rows that are old, and not judged yet. */
const notJudged = (addressDays: Fragment, days: Fragment) => sql`from registrar.operation
  where not retained and due_at is null and idempotency_key is null and not needs_operator
    and closed_at < ${daysAgo(days)} and (not personal or ${addressDays} is null)`;

/** What is kept for how long. Null: for ever. */
interface Terms {
  readonly hours: Fragment;
  readonly addressDays: Fragment;
  readonly operationDays: Fragment;
}

/** Whether `expire` would find anything. */
export const hasPast = ({ hours, addressDays, operationDays }: Terms) => sql`(
    exists (select ${withOldKey(hours)}) or exists (select ${withOldAddress(addressDays)})
    or exists (select ${notJudged(addressDays, operationDays)}))`;

/**
 * A row is judged once, when it is old enough. What stays is marked, so that no later sweep has to pass it again; it is
 * judged once more with the next old row of its user, for only a newer one can make it history.
 */
export const expire = statement(
  "ledger.expire",
  { hours: integer, addressDays: nullable(integer), operationDays: nullable(integer) },
  ({ hours, addressDays, operationDays }) => sql`
with expired as (
  update registrar.operation set idempotency_key = null
  where id in (select id ${withOldKey(hours)} order by started_at limit ${literal(KEYS_AT_ONCE)})
  returning id
), forgetting as (
  select id ${withOldAddress(addressDays)}
  order by closed_at limit ${literal(ROWS_AT_ONCE)} for update skip locked
), forgotten as (
  update registrar.operation set ${forget}
  from forgetting where operation.id = forgetting.id
  returning operation.id
), due as (
  select id, sub ${notJudged(addressDays, operationDays)}
  order by closed_at limit ${literal(ROWS_AT_ONCE)} for update skip locked
), again as (
  select id from registrar.operation
  where retained and sub in (select sub from due) and not needs_operator
    and closed_at < ${daysAgo(operationDays)} and (not personal or ${addressDays} is null)
  for update skip locked
), judged as (
  select old.id, ${isHistory} as goes
  from (select id from due union all select id from again) looked join registrar.operation old on old.id = looked.id
), deleted as (
  delete from registrar.operation using judged where operation.id = judged.id and judged.goes
  returning operation.id
), kept as (
  update registrar.operation set retained = true
  from judged where operation.id = judged.id and not judged.goes and not retained
  returning operation.id
)
select (select count(*) from expired)::integer as "keysExpired",
  (select count(*) from forgotten)::integer as "addressesForgotten",
  (select count(*) from deleted)::integer as "operationsDeleted",
  ${literal(ROWS_AT_ONCE)} in ((select count(*) from forgetting), (select count(*) from due)) as "more"`,
);
