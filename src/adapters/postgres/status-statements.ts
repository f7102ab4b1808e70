/** The SQL of what is asked of the ledger as a whole: by a probe that comes every minute, at a cost that does not grow. */
import { LEVELS } from "./fragments.ts";
import { type Fragment, integer, sql, statement } from "./sql.ts";

/** How long something may be due before somebody has to look: a sweeper has been late, or is not there. */
const LATE = sql`interval '5 minutes'`;

export const readiness = statement(
  "status.readiness",
  {},
  () => sql`
select (select version from registrar.schema_version) as "schemaVersion",
  exists (select from ${LEVELS}, lateral (
    select from registrar.operation
    where urgency = level.urgency and due_at is not null and due_at < now() - ${LATE} limit 1) late) as "overdue"`,
);

/**
 * Longer than any move takes: what was closed before then is in every statement's eyes. A move is closed at the time at
 * which it began.
 */
const COUNTED_AFTER = sql`interval '10 minutes'`;

const total = (rows: Fragment) => sql`
  select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'state', state, 'reason', reason, 'count', total)
    order by kind, state, reason), '[]') as counts
  from (select kind, state, reason, sum(count)::bigint as total from (${rows}) row group by kind, state, reason) sum`;

const openCounts = (which: Fragment) => sql`
  select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'state', state, 'count', count) order by kind, state), '[]')
  from (select kind, state, count(*) as count from due where ${which} group by kind, state) sum`;

/**
 * What was closed long enough ago is counted once, and kept as a number with the time until which it holds. A number and
 * its time are true together, so that two who count at once may both write theirs.
 *
 * `atOnce`: how many closed operations are counted at the most. The first count of a long ledger takes several, and what it
 * shows rises with each.
 *
 * A closed range of time is what the planner takes for a small part of the ledger, whatever the time is.
 */
export const metrics = statement(
  "status.metrics",
  { atOnce: integer },
  ({ atOnce }) => sql`
with kept as (
  select counted_until, counts from registrar.closed_count
), since as (
  select coalesce((select counted_until from kept), '-infinity') as counted_until
), batch as (
  select kind, state, coalesce(reason, verdict, '') as reason, closed_at from registrar.operation
  where closed_at >= (select counted_until from since) and closed_at <= 'infinity'
  order by closed_at limit ${atOnce}
), until as (
  select least(now() - ${COUNTED_AFTER}, case when count(*) = ${atOnce} then max(closed_at) end) as counted_until
  from batch
), recent as (
  select kind, state, reason, closed_at < (select counted_until from until) as for_good, count(*) as count
  from batch group by 1, 2, 3, 4
), closed as (
  select kind, state, reason, count, true as for_good
  from kept, jsonb_to_recordset(counts) as earlier(kind text, state text, reason text, count bigint)
  union all
  select kind, state, reason, count, for_good from recent
), keep as (
  insert into registrar.closed_count (counted_until, counts)
  select (select counted_until from until), counts from (${total(sql`select * from closed where for_good`)}) sum
  where (select counted_until from since) < now() - 2 * ${COUNTED_AFTER}
  on conflict (one_row) do update set counted_until = excluded.counted_until, counts = excluded.counts
), due as (
  select kind, state, started_at, closed_at, due_at from registrar.operation where due_at is not null
)
select (${total(sql`select * from closed`)}) as "closed",
  (${openCounts(sql`closed_at is null`)}) as "open",
  (${openCounts(sql`closed_at is not null`)}) as "inGracePeriod",
  (select count(*) from due where due_at <= now())::integer as "due",
  (select count(*) from due where due_at < now() - ${LATE})::integer as "overdue",
  (select count(*) from registrar.operation where needs_operator)::integer as "needOperator",
  (select coalesce(extract(epoch from now() - min(started_at)), 0)::double precision from due where closed_at is null)
    as "oldestOpenAge",
  (select extract(epoch from max(closed_at))::double precision from registrar.operation where closed_at is not null)
    as "newestClosedAt"`,
);

/** The migration that this build needs to have run: the number of the last file of migrations/. */
export const SCHEMA_VERSION = 5;
