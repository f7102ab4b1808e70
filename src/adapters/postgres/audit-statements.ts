/** The SQL of the audit trail, in FLIP's table. */
import { type Fragment, integer, nullable, sql, statement, text, uuid } from "./sql.ts";

/** A value as one of the column's type; a zone in it is dropped where the column has none. */
const asTimestamp = (instant: Fragment) =>
  sql`(jsonb_populate_record(null::users_audit, jsonb_build_object('timestamp', ${instant})))."timestamp"`;

export const page = statement(
  "audit.page",
  {
    actor: nullable(uuid),
    subject: nullable(uuid),
    action: nullable(text),
    from: nullable(text),
    until: nullable(text),
    at: nullable(text),
    id: nullable(uuid),
    limit: integer,
  },
  ({ actor, subject, action, from, until, at, id, limit }) => sql`
select id, action, user_id as subject, modified_by_user_id as actor, to_jsonb("timestamp") as at
from users_audit
where (${actor} is null or modified_by_user_id = ${actor})
  and (${subject} is null or user_id = ${subject})
  and (${action} is null or action = ${action})
  and (${from} is null or "timestamp" >= ${asTimestamp(from)})
  and (${until} is null or "timestamp" < ${asTimestamp(until)})
  and (${at} is null or ("timestamp", id) < (${asTimestamp(at)}, ${id}))
order by "timestamp" desc, id desc limit ${limit}`,
);
