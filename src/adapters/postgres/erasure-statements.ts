/** The SQL of `npm run erase`: what the ledger has of one person beside ids, and its end. The service never sends it. */
import { forget } from "./retention-statements.ts";
import { type Fragment, sql, statement, uuid } from "./sql.ts";

/**
 * The rows about a person: those of their user; and of the addresses that these name, those that came to no user. `id`: the
 * user's, or an operation's. Of another user with one of the addresses nothing: they are another person.
 */
const about = (id: Fragment) => sql`named as (
  select coalesce((select sub from registrar.operation where id = ${id}), ${id}) as person
), about as (
  select operation.* from registrar.operation, named
  where sub = named.person or id = ${id} or sub is null and email in (
    select known.email from registrar.operation known where known.sub = named.person or known.id = ${id})
)`;

export const look = statement(
  "erasure.look",
  { id: uuid },
  ({ id }) => sql`
with ${about(id)}
select (select person from named) as "person", count(*)::integer as "operations",
  (count(*) filter (where personal))::integer as "personal",
  (count(*) filter (where idempotency_key is not null))::integer as "keys",
  (count(*) filter (where due_at is not null))::integer as "open",
  (select count(*) from users_audit, named where user_id = person or modified_by_user_id = person)::integer as "trail"
from about`,
);

/** Forgets what is personal, and the keys, whose repeats would compare it. Nothing, where something is open. */
export const erase = statement(
  "erasure.erase",
  { id: uuid },
  ({ id }) => sql`
with ${about(id)}
update registrar.operation set idempotency_key = null, ${forget}
from (select id from about) mine where operation.id = mine.id and (personal or idempotency_key is not null)
  and not exists (select from about where due_at is not null)
returning operation.id`,
);
