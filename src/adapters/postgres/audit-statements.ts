/** The SQL of the audit trail, in FLIP's table. */
import { inUtc } from "./fragments.ts";
import { page as pageOf } from "./pages.ts";
import { type Fragment, integer, nullable, sql, statement, text, uuid } from "./sql.ts";

/**
 * A value as one of the column's type; a zone in it is dropped where the column has none. A subquery of its own, so that
 * it is computed once, and an index on the column can be searched for it.
 */
const asTimestamp = (instant: Fragment) =>
  sql`(select (jsonb_populate_record(null::users_audit, jsonb_build_object('timestamp', ${instant})))."timestamp")`;

/** The address with which the ledger has last registered this user; null where it has not. */
const addressOf = (user: Fragment) => sql`(select email from registrar.operation
    where sub = ${user} and email is not null order by started_at desc limit 1)`;

/** Ids of roles as JSON, by name; what has no name any more comes last. */
const named = (ids: Fragment) => sql`(select coalesce(jsonb_agg(
    jsonb_build_object('id', past.id, 'rolename', roles.name) order by roles.name, past.id), '[]')
  from unnest(${ids}) past(id) left join roles on roles.id = past.id)`;

export const page = statement(
  "audit.page",
  {
    actor: nullable(uuid),
    subject: nullable(uuid),
    action: nullable(text),
    from: nullable(text),
    at: nullable(text),
    id: nullable(uuid),
    limit: integer,
  },
  ({ actor, subject, action, from, at, id, limit }) => sql`
select id, action, user_id as subject, ${addressOf(sql`user_id`)} as "subjectEmail",
  modified_by_user_id as actor, ${addressOf(sql`modified_by_user_id`)} as "actorEmail", to_jsonb("timestamp") as at,
  (select jsonb_build_object('before', ${named(sql`before`)}, 'after', ${named(sql`after`)})
    from registrar.role_change where role_change.id = users_audit.id) as roles,
  (select jsonb_build_object('count', times, 'first', ${inUtc(sql`first_at`)}, 'last', ${inUtc(sql`last_at`)})
    from registrar.denial where denial.id = users_audit.id) as denials
from users_audit
${pageOf({
  filters: [
    { column: sql`user_id`, value: subject },
    { column: sql`modified_by_user_id`, value: actor },
    { column: sql`action`, value: action },
  ],
  time: sql`"timestamp"`,
  from: { asked: from, instant: asTimestamp(from) },
  after: { asked: at, instant: asTimestamp(at), id },
  limit,
})}`,
);
