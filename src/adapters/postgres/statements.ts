/**
 * The ledger's SQL: one constant per move, each a single statement, so that it happens whole or not at all.
 *
 * A move names the state it starts from in its `where`; that is what makes commit and fence exclude each other.
 * Where a move writes an audit row, the row is made from what the move returned: no move, no row.
 */
import { AuditAction } from "../../domain/audit.ts";

/** A number of seconds, which is a parameter, as an interval. */
export const seconds = (parameter: string) => `make_interval(secs => ${parameter}::double precision)`;

/** A row as the Registration schema reads it. `budget` and `horizon` are parameters, in seconds. */
export const registration = (row: string, budget: string, horizon: string) => `jsonb_build_object(
  'id', ${row}.id, 'kind', ${row}.kind, 'caller', ${row}.caller, 'email', ${row}.email,
  'roles', to_jsonb(${row}.roles), 'state', ${row}.state, 'verdict', ${row}.verdict, 'sub', ${row}.sub,
  'startedAt', ${row}.started_at, 'closedAt', ${row}.closed_at, 'acknowledgedAt', ${row}.acknowledged_at,
  'missingSince', ${row}.missing_since, 'graceUntil', ${row}.grace_until, 'dueAt', ${row}.due_at,
  'tries', ${row}.tries, 'needsOperator', ${row}.needs_operator, 'lastError', ${row}.last_error,
  'history', ${row}.history, 'readAt', now(),
  'stale', now() > ${row}.started_at + ${seconds(budget)},
  'pastHorizon', now() > ${row}.started_at + ${seconds(horizon)},
  'graceOver', coalesce(now() > ${row}.grace_until, false))`;

/** The row's history with one more line. */
export const history = (state: string, by: string, note = "null::text") =>
  `history || jsonb_strip_nulls(jsonb_build_object('at', now(), 'state', ${state}, 'by', ${by}::text, 'note', ${note}))`;

/**
 * Writes one audit row for each row of `source`, which has a `caller` and a `sub`. Through the table's own row type,
 * so that a `timestamp` column (FLIP until July 2026) and a `timestamptz` one both get UTC, whatever the session's
 * time zone is. `id` and `action` are SQL. The statement's time, not the transaction's: a transaction that has waited
 * for its turn began before what it now follows.
 */
export const auditRow = (source: string, id: string, action: string) => `
  insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
  select entry.id, entry.action, entry.user_id, entry.modified_by_user_id, entry."timestamp"
  from ${source} moved, jsonb_populate_record(null::users_audit, jsonb_build_object(
    'id', ${id}, 'action', ${action}, 'user_id', moved.sub, 'modified_by_user_id', moved.caller,
    'timestamp', to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))) entry
  where moved.sub is not null
  on conflict (id) do nothing`;

/** The lock of every change that could take the last CAN_MANAGE_USERS away. */
export const MANAGERS = "registrar: managers";

/** One row: whether the caller holds the permission. */
export const mayManage = (caller: string, permission: string) => `
  select exists (
    select from user_role
    join role_permission on role_permission.role_id = user_role.role_id
    where user_role.user_id = ${caller}::uuid and role_permission.permission_id = ${permission}::uuid) as yes`;

/**
 * A row for each grant by which somebody else than the subject manages users. Whom the newest change has disabled
 * cannot sign in, and does not count.
 */
export const otherManagers = (subject: string, permission: string) => `
  select from user_role
  join role_permission on role_permission.role_id = user_role.role_id
  where role_permission.permission_id = ${permission}::uuid and user_role.user_id <> ${subject}::uuid
    and coalesce((select change.kind from registrar.operation change
      where change.sub = user_role.user_id and change.kind in ('enable', 'disable')
      order by change.started_at desc limit 1) <> 'disable', true)`;

/**
 * A tag as the id that it may be; null for any other text. The id is compared as a UUID, so that its index finds the
 * row: as text, every look for a tag would read the whole ledger, under the managers' lock.
 */
export const tagAsId = (tag: string) =>
  `(case when ${tag}::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then ${tag}::text::uuid end)`;

/** The registration that created a user, by his tag, while it has not kept him: he may be deleted again. */
export const unresolved = (tag: string) => `
  select id from registrar.operation
  where id = ${tagAsId(tag)} and state in ('started', 'rolling_back', 'rejected', 'rolled_back')`;

/** The named roles that do not exist, in the order in which they were named. */
export const unknownRoles = (roles: string) => `
  select named.id, named.n from unnest(${roles}::uuid[]) with ordinality named(id, n)
  where not exists (select from roles where roles.id = named.id)`;

/**
 * Writes to the audit trail that somebody asked for what he may not. Under an id that follows from the question's: a
 * repeat is the same row, and a later permission finds the question's own id free.
 */
export const recordDenial = (
  id: string,
  caller: string,
  subject: string,
  allowed: string,
  action: string = AuditAction.denied,
) =>
  auditRow(
    `(select ${caller}::uuid as caller, ${subject}::uuid as sub where not ${allowed})`,
    `md5('denied ' || ${id}::text)::uuid`,
    `'${action}'`,
  );

/**
 * Closes a row under watch, where that is needed. One horizon after the start no create of it can land any more; and
 * the last look is taken another horizon later, so that no read of it can be from before.
 */
const watch = (needed: string, horizon: string) => {
  const until = `case when ${needed}
      then greatest(now(), started_at + 2 * ${seconds(horizon)}) + interval '1 minute' end`;
  return `grace_until = ${until},
    due_at = ${until}`;
};

/** How long a request that has just acknowledged may take for the invitation before the sweeper sends it. */
const INVITING = "interval '60 seconds'";

/** $1 id, $2 caller, $3 kind, $4 email, $5 roles, $6 key, $7 permission, $8 budget, $9 horizon, $10 actor */
export const open = `
with allowed as (${mayManage("$2", "$7")}
), denied as (${recordDenial("$1", "$2", "$2", "(select yes from allowed)", AuditAction.deniedRegistration)}
), unknown_role as (${unknownRoles("$5")}
), own as (
  select * from registrar.operation where id = $1::uuid
), key_holder as (
  select * from registrar.operation
  where caller = $2::uuid and idempotency_key = $6::text and state <> 'rolled_back' and id <> $1::uuid
), address_holder as (
  select * from registrar.operation
  where email = $4::text and state in ('started', 'rolling_back') and id <> $1::uuid
), opened as (
  insert into registrar.operation (id, kind, caller, email, roles, idempotency_key, due_at, history)
  select $1::uuid, $3::text, $2::uuid, $4::text, $5::uuid[], $6::text, now() + ${seconds("$8")},
    jsonb_build_array(jsonb_build_object('at', now(), 'state', 'started', 'by', $10::text))
  where (select yes from allowed)
    and not exists (select from unknown_role)
    and not exists (select from own)
    and not exists (select from key_holder)
    and not exists (select from address_holder)
  on conflict do nothing
  returning *
)
select jsonb_build_object(
  'allowed', (select yes from allowed),
  'unknownRoles', (select coalesce(jsonb_agg(id order by n), '[]') from unknown_role),
  'own', (select ${registration("mine", "$8", "$9")} from (select * from opened union all select * from own) mine),
  'keyHolder', (select ${registration("key_holder", "$8", "$9")} from key_holder),
  'sameRequest', (select kind = $3::text and email = $4::text and roles @> $5::uuid[] and roles <@ $5::uuid[]
    from key_holder),
  'addressHolder', (select ${registration("address_holder", "$8", "$9")} from address_holder)) as answer`;

/** $1 id, $2 sub, $3 horizon, $4 actor */
export const commit = `
with moved as (
  update registrar.operation
  set state = 'registered', sub = $2::uuid, tries = 0, last_error = null, needs_operator = false,
    due_at = started_at + ${seconds("$3")}, history = ${history("'registered'", "$4")}
  where id = $1::uuid and state = 'started'
    and not exists (select from registrar.operation removal where removal.sub = $2::uuid and removal.kind = 'remove')
  returning *
), audited as (${auditRow("moved", "moved.id", `'${AuditAction.registered}'`)}
), granted as (
  insert into user_role (user_id, role_id)
  select moved.sub, role.id from moved, unnest(moved.roles) role(id) where moved.kind = 'register_with_roles'
  on conflict do nothing
), granted_audited as (${auditRow("(select * from moved where kind = 'register_with_roles')", "gen_random_uuid()", `'${AuditAction.rolesUpdated}'`)}
)
select id from moved`;

/** $1 id, $2 actor */
export const fence = `
update registrar.operation
set state = 'rolling_back', last_error = null, history = ${history("'rolling_back'", "$2")}
where id = $1::uuid and state = 'started'
returning id`;

/** $1 id, $2 consumed, $3 sub, $4 horizon, $5 actor */
export const markRolledBack = `
with moved as (
  update registrar.operation
  set state = 'rolled_back', closed_at = now(), sub = coalesce($3::uuid, sub), tries = 0, last_error = null,
    needs_operator = false, history = ${history("'rolled_back'", "$5")},
    ${watch("not $2::boolean", "$4")}
  where id = $1::uuid and state = 'rolling_back'
  returning *
), revoked as (
  delete from user_role using moved where user_role.user_id = moved.sub
), audited as (${auditRow("moved", "gen_random_uuid()", `'${AuditAction.rolledBack}'`)}
)
select id from moved`;

/** $1 id, $2 verdict, $3 outcomeUnknown, $4 horizon, $5 actor */
export const reject = `
update registrar.operation
set state = 'rejected', verdict = $2::text, closed_at = now(), history = ${history("'rejected'", "$5", "$2::text")},
  ${watch("$3::boolean", "$4")}
where id = $1::uuid and state = 'started'
returning id`;

/** $1 id, $2 actor */
export const abandon = `
update registrar.operation
set state = 'rolled_back', closed_at = now(), due_at = null, history = ${history("'rolled_back'", "$2", "'nothing was created'")}
where id = $1::uuid and state = 'started'
returning id`;

/** $1 id */
export const acknowledge = `
update registrar.operation
set acknowledged_at = coalesce(acknowledged_at, now()), due_at = now() + ${INVITING}
where id = $1::uuid and state = 'registered'
returning id`;

/** $1 id, $2 actor */
export const complete = `
update registrar.operation
set state = 'completed', closed_at = now(), due_at = null, missing_since = null, tries = 0, last_error = null,
  needs_operator = false, history = ${history("'completed'", "$2")}
where id = $1::uuid and state = 'registered'
returning id`;

/** $1 id, $2 looked at, $3 horizon, $4 actor */
export const missing = `
with moved as (
  update registrar.operation
  set missing_since = coalesce(missing_since, now()), tries = 0,
    due_at = coalesce(missing_since, now()) + ${seconds("$3")} + interval '1 minute'
  where id = $1::uuid and state = 'registered'
    and (missing_since is null or missing_since >= $2::timestamptz - ${seconds("$3")})
  returning id, state
), lost as (
  update registrar.operation
  set state = 'user_lost', closed_at = now(), due_at = null, tries = 0, last_error = null,
    needs_operator = false, history = ${history("'user_lost'", "$4")}
  where id = $1::uuid and state = 'registered' and missing_since < $2::timestamptz - ${seconds("$3")}
  returning *
), revoked as (
  delete from user_role using lost where user_role.user_id = lost.sub
), audited as (${auditRow("lost", "gen_random_uuid()", `'${AuditAction.lost}'`)}
)
select coalesce((select state from lost), (select state from moved), (select state from registrar.operation where id = $1::uuid)) as state`;

/** $1 id */
export const seen = `
update registrar.operation set missing_since = null where id = $1::uuid and state = 'registered' returning id`;

/** $1 id, $2 sub, $3 actor */
export const endGracePeriod = `
with moved as (
  update registrar.operation
  set grace_until = null, due_at = null, tries = 0, last_error = null, needs_operator = false,
    sub = coalesce($2::uuid, sub), history = ${history("state", "$3", "'final check done'")}
  where id = $1::uuid and state in ('rejected', 'rolled_back') and grace_until is not null
  returning *
), revoked as (
  delete from user_role where user_id = $2::uuid and exists (select from moved)
), audited as (${auditRow("(select id, caller, $2::uuid as sub from moved)", "gen_random_uuid()", `'${AuditAction.rolledBack}'`)}
)
select id from moved`;

/** $1 id, $2 budget, $3 horizon */
export const find = `
select ${registration("operation", "$2", "$3")} as registration from registrar.operation where id = $1::uuid`;

/** Tries before a registration is marked for an operator; from then on it is tried daily. */
export const TRIES_BEFORE_OPERATOR = 10;

/** $1 limit, $2 budget, $3 horizon. The lease is the back-off: 1, 2, 4, … 60 minutes, then a day. */
export const lease = `
with due as (
  select id from registrar.operation where due_at <= now()
  order by due_at limit $1::integer for update skip locked
), taken as (
  update registrar.operation
  set tries = tries + 1, needs_operator = needs_operator or tries >= ${TRIES_BEFORE_OPERATOR},
    due_at = now() + case when tries + 1 > ${TRIES_BEFORE_OPERATOR} then interval '1 day'
      else least(interval '1 hour', interval '1 minute' * power(2, tries)) end
  from due where operation.id = due.id
  returning operation.*
)
select ${registration("taken", "$2", "$3")} as registration from taken order by taken.started_at`;

/** $1 id, $2 error, $3 needs an operator now, $4 the state it was read in: nothing is noted of a row that has closed since */
export const defer = `
update registrar.operation
set last_error = $2::text, needs_operator = needs_operator or $3::boolean or tries >= ${TRIES_BEFORE_OPERATOR}
where id = $1::uuid and due_at is not null and (closed_at is null or state = $4::text)
returning id`;

/** $1 hours a key is kept */
export const expireKeys = `
with forgotten as (
  update registrar.operation set idempotency_key = null
  where id in (
    select id from registrar.operation
    where idempotency_key is not null and started_at < now() - make_interval(hours => $1::integer)
      and closed_at is not null and grace_until is null
    order by started_at limit 1000)
  returning id
)
select (select count(*) from forgotten)::integer as keys_forgotten,
  (select count(*) from registrar.operation where due_at is not null)::integer as open,
  (select count(*) from registrar.operation where due_at is not null and needs_operator)::integer as need_operator`;

/** $1 state, $2 needs operator, $3 and $4 cursor, $5 limit, $6 budget, $7 horizon */
export const list = `
select ${registration("operation", "$6", "$7")} as registration from registrar.operation
where ($1::text is null or state = $1::text)
  and ($2::boolean is null or needs_operator = $2::boolean)
  and ($3::timestamptz is null or (started_at, id) < ($3::timestamptz, $4::uuid))
order by started_at desc, id desc limit $5::integer`;
