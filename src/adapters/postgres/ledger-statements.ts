/**
 * The ledger's SQL: one statement a move, so that it happens whole or not at all.
 *
 * A move names the state it starts from in its `where`; that is what makes commit and fence exclude each other.
 * Where a move writes an audit row, the row is made from what the move returned: no move, no row.
 */
import { AuditAction } from "../../domain/audit.ts";
import {
  asId,
  auditRow,
  callerOnceKnown,
  dueIn,
  earlier,
  firstLine,
  gone,
  grantRoles,
  history,
  holding,
  interval,
  LEVELS,
  mayComeIn,
  mayManage,
  operation,
  recordDenial,
  rolesOf,
  rolesReplaced,
  rolesRevoked,
  unknownRoles,
  whoever,
  writeProfile,
} from "./fragments.ts";
import { page } from "./pages.ts";
import { hasPast } from "./retention-statements.ts";
import {
  boolean,
  type Fragment,
  identifier,
  instant,
  integer,
  json,
  literal,
  nullable,
  seconds,
  sql,
  statement,
  text,
  uuid,
  uuids,
} from "./sql.ts";

/**
 * Gives a closed row a grace period, where that is needed. One horizon after the start no create of it can land any
 * more; and the final check is made another horizon later, so that no read of it can be from before.
 */
const gracePeriod = (needed: Fragment, horizon: Fragment) => {
  const until = sql`case when ${needed}
      then greatest(now(), started_at + 2 * ${interval(horizon)}) + interval '1 minute' end`;
  return sql`grace_until = ${until},
    due_at = ${until}`;
};

/** In whose name the trail has a user who is lost: the operator's, that of whoever removed them here, or the caller's. */
const remover = (actor: Fragment) => sql`coalesce(${asId(actor)},
    (select removal.caller from registrar.operation removal
      where removal.sub = moved.sub and removal.kind = 'remove' order by removal.started_at limit 1),
    moved.caller)`;

/** How long a request that has just acknowledged may take for the invitation before the sweeper sends it. */
const INVITING = sql`interval '60 seconds'`;

export const open = statement(
  "ledger.open",
  {
    id: uuid,
    caller: uuid,
    kind: text,
    email: text,
    name: nullable(text),
    organisation: nullable(text),
    roles: uuids,
    idempotencyKey: nullable(text),
    permission: uuid,
    budget: seconds,
    horizon: seconds,
    actor: text,
  },
  ({
    id,
    caller,
    kind,
    email,
    name,
    organisation,
    roles,
    idempotencyKey,
    permission,
    budget,
    horizon,
    actor,
  }) => sql`
with allowed as (${mayManage(caller, permission)}
), ${recordDenial({
    id,
    caller,
    subject: caller,
    allowed: sql`(select yes from allowed)`,
    action: AuditAction.deniedRegistration,
  })}, unknown_role as (${unknownRoles(roles)}
), own as (
  select * from registrar.operation where id = ${id}
), key_holder as (
  select * from registrar.operation
  where caller = ${caller} and idempotency_key = ${idempotencyKey} and state <> 'rolled_back' and id <> ${id}
), address_holder as (${holding(email, id)}
), earlier as (${earlier(email, id)}
), opened as (
  insert into registrar.operation (id, kind, caller, email, name, organisation, roles, idempotency_key, due_at, history)
  select ${id}, ${kind}, ${caller}, ${email}, ${name}, ${organisation}, ${roles}, ${idempotencyKey}, now() + ${interval(budget)},
    ${firstLine(sql`'started'`, actor)}
  where (select yes from allowed)
    and not exists (select from unknown_role)
    and not exists (select from own)
    and not exists (select from key_holder)
    and not exists (select from address_holder)
  on conflict do nothing
  returning *
)
select (select yes from allowed) as "allowed",
  (select coalesce(jsonb_agg(id order by n), '[]') from unknown_role) as "unknownRoles",
  (select ${operation(identifier("mine"), budget, horizon)}
    from (select * from opened union all select * from own) mine) as "own",
  (select ${operation(identifier("key_holder"), budget, horizon)} from key_holder) as "keyHolder",
  (select kind = ${kind} and email = ${email} and name is not distinct from ${name}
      and organisation is not distinct from ${organisation} and roles @> ${roles} and roles <@ ${roles}
    from key_holder) as "sameRequest",
  exists (select from key_holder where exists (${gone(sql`key_holder.sub`)})) as "userGone",
  (select ${operation(identifier("address_holder"), budget, horizon)} from address_holder) as "addressHolder",
  (select coalesce(jsonb_agg(${operation(identifier("earlier"), budget, horizon)}), '[]') from earlier) as "earlier"`,
  {
    dueWithin: "budget",
    kept: {
      since: 5,
      answers: {
        allowed: boolean,
        unknownRoles: json,
        own: json,
        keyHolder: json,
        sameRequest: boolean,
        userGone: boolean,
        addressHolder: json,
        earlier: json,
      },
    },
  },
);

export const commit = statement(
  "ledger.commit",
  { id: uuid, sub: uuid, known: nullable(uuids), horizon: seconds, actor: text },
  ({ id, sub, known, horizon, actor }) => sql`
with moved as (
  update registrar.operation
  set state = 'registered', sub = ${sub}, tries = 0, last_error = null, needs_operator = false,
    due_at = started_at + ${interval(horizon)}, history = ${history(sql`'registered'`, actor)},
    ${callerOnceKnown(sub)}
  where id = ${id} and state = 'started'
    and not exists (select from registrar.operation removal where removal.sub = ${sub} and removal.kind = 'remove')
    and (${known} is null or not exists (
      select from (${earlier(sql`(select email from registrar.operation where id = ${id})`, id)}) other where other.id <> all(${known})))
  returning *
), audited as (${auditRow(sql`moved`, sql`moved.id`, literal(AuditAction.registered))}
), granting as (
  -- An administrator who has set the user's roles meanwhile asked later.
  select * from moved where kind = 'register_with_roles'
    and not exists (select from registrar.roles_asked newer where newer.user_id = moved.sub)
), granted as (${grantRoles(sql`(select sub, unnest(roles) as role_id from granting)`)}
), granted_audited as (${auditRow(sql`granting`, sql`gen_random_uuid()`, literal(AuditAction.rolesUpdated))}
), recorded as (${rolesReplaced(
    sql`granted_audited`,
    sql`select unnest(${rolesOf(sql`audited.user_id`)}) union select unnest(roles) from moved`,
  )}
)
select id, ${dueIn()},
  ${writeProfile(sql`sub`, { name: sql`name`, organisation: sql`organisation` }, "fills")} from moved`,
  {
    kept: {
      since: 5,
      answers: {
        id: uuid,
        dueIn: seconds,
        written: boolean,
      },
    },
  },
);

export const fence = statement(
  "ledger.fence",
  { id: uuid, actor: text },
  ({ id, actor }) => sql`
update registrar.operation
set state = 'rolling_back', last_error = null, history = ${history(sql`'rolling_back'`, actor)}
where id = ${id} and state = 'started'
returning id`,
);

export const markRolledBack = statement(
  "ledger.markRolledBack",
  { id: uuid, consumed: boolean, sub: nullable(uuid), note: nullable(text), horizon: seconds, actor: text },
  ({ id, consumed, sub, note, horizon, actor }) => sql`
with moved as (
  update registrar.operation
  set state = 'rolled_back', closed_at = now(), sub = coalesce(${sub}, sub), tries = 0, last_error = null,
    needs_operator = false, history = ${history(sql`'rolled_back'`, actor, note)},
    ${gracePeriod(sql`not ${consumed}`, horizon)}, ${callerOnceKnown(sub)}
  where id = ${id} and state = 'rolling_back'
  returning *
), revoked as (
  delete from user_role using moved where user_role.user_id = moved.sub returning role_id
), audited as (${auditRow(sql`moved`, sql`gen_random_uuid()`, literal(AuditAction.rolledBack), whoever(actor))}
), recorded as (${rolesRevoked(sql`audited`, sql`revoked`)}
)
select id, ${dueIn()} from moved`,
);

export const reject = statement(
  "ledger.reject",
  { id: uuid, verdict: text, outcomeUnknown: boolean, reason: nullable(text), horizon: seconds, actor: text },
  ({ id, verdict, outcomeUnknown, reason, horizon, actor }) => sql`
update registrar.operation
set state = 'rejected', verdict = ${verdict}, reason = ${reason}, closed_at = now(),
  history = ${history(sql`'rejected'`, actor, verdict)},
  ${gracePeriod(outcomeUnknown, horizon)}
where id = ${id} and state = 'started'
returning id, ${dueIn()}`,
);

export const abandon = statement(
  "ledger.abandon",
  { id: uuid, actor: text },
  ({ id, actor }) => sql`
update registrar.operation
set state = 'rolled_back', closed_at = now(), due_at = null,
  history = ${history(sql`'rolled_back'`, actor, sql`'nothing was created'`)}
where id = ${id} and state = 'started'
returning id`,
);

export const acknowledge = statement(
  "ledger.acknowledge",
  { id: uuid },
  ({ id }) => sql`
update registrar.operation
set acknowledged_at = coalesce(acknowledged_at, now()), due_at = now() + ${INVITING}
where id = ${id} and state = 'registered'
returning ${mayComeIn(sql`operation.sub`)} as "mayComeIn", ${dueIn()}`,
  {
    kept: {
      since: 5,
      answers: {
        mayComeIn: boolean,
        dueIn: seconds,
      },
    },
  },
);

export const complete = statement(
  "ledger.complete",
  { id: uuid, note: nullable(text), needsOperator: boolean, actor: text },
  ({ id, note, needsOperator, actor }) => sql`
update registrar.operation
set state = 'completed', closed_at = now(), due_at = null, missing_since = null, tries = 0, last_error = null,
  needs_operator = ${needsOperator}, history = ${history(sql`'completed'`, actor, note)}
where id = ${id} and state = 'registered'
returning id`,
  {
    kept: {
      since: 5,
      answers: {
        id: uuid,
      },
    },
  },
);

export const missing = statement(
  "ledger.missing",
  { id: uuid, lookedAt: instant, horizon: seconds, actor: text },
  ({ id, lookedAt, horizon, actor }) => sql`
with moved as (
  update registrar.operation
  set missing_since = coalesce(missing_since, now()), tries = 0,
    due_at = coalesce(missing_since, now()) + ${interval(horizon)} + interval '1 minute'
  where id = ${id} and state = 'registered'
    and (missing_since is null or missing_since >= ${lookedAt} - ${interval(horizon)})
  returning id, state, due_at
), lost as (
  update registrar.operation
  set state = 'user_lost', closed_at = now(), due_at = null, tries = 0, last_error = null,
    needs_operator = false, history = ${history(sql`'user_lost'`, actor)}
  where id = ${id} and state = 'registered' and missing_since < ${lookedAt} - ${interval(horizon)}
  returning *
), revoked as (
  delete from user_role using lost where user_role.user_id = lost.sub returning role_id
), audited as (${auditRow(sql`lost`, sql`gen_random_uuid()`, literal(AuditAction.lost), remover(actor))}
), recorded as (${rolesRevoked(sql`audited`, sql`revoked`)}
)
select coalesce((select state from lost), (select state from moved),
  (select state from registrar.operation where id = ${id})) as state,
  (select ${dueIn()} from moved)`,
);

export const seen = statement(
  "ledger.seen",
  { id: uuid },
  ({ id }) => sql`
update registrar.operation set missing_since = null where id = ${id} and state = 'registered' returning id`,
);

export const endGracePeriod = statement(
  "ledger.endGracePeriod",
  { id: uuid, sub: nullable(uuid), note: text, actor: text },
  ({ id, sub, note, actor }) => sql`
with moved as (
  update registrar.operation
  set grace_until = null, due_at = null, tries = 0, last_error = null, needs_operator = false,
    sub = coalesce(${sub}, sub), history = ${history(sql`state`, actor, note)}
  where id = ${id} and state in ('rejected', 'rolled_back') and grace_until is not null
  returning *
), revoked as (
  delete from user_role where user_id = ${sub} and exists (select from moved) returning role_id
), audited as (${auditRow(
    sql`(select id, caller, ${sub} as sub from moved)`,
    sql`gen_random_uuid()`,
    literal(AuditAction.rolledBack),
    whoever(actor),
  )}
), recorded as (${rolesRevoked(sql`audited`, sql`revoked`)}
)
select id from moved`,
);

/** Whose the user at an address is where no tag says so. */
export const holderOf = statement(
  "ledger.holderOf",
  { id: uuid, sub: uuid, email: text },
  ({ id, sub, email }) => sql`
select case
  when exists (select from registrar.operation other
    where other.sub = ${sub} and other.id <> ${id} and other.state in ('registered', 'completed')) then 'registered'
  when exists (select from registrar.operation other
    where other.email = ${email} and other.id <> ${id} and other.state in ('started', 'rolling_back')) then 'open'
  else 'nobody' end as holder`,
);

export const heard = statement(
  "ledger.heard",
  { id: uuid, note: text, actor: text },
  ({ id, note, actor }) => sql`
update registrar.operation
set needs_operator = false, history = ${history(sql`state`, actor, note)}
where id = ${id} and due_at is null and needs_operator
returning id`,
);

export const find = statement(
  "ledger.find",
  { id: uuid, budget: seconds, horizon: seconds },
  ({ id, budget, horizon }) => sql`
select ${operation(identifier("operation"), budget, horizon)} as operation from registrar.operation where id = ${id}`,
);

/** Tries before an operation is marked for an operator; from then on it is tried daily. */
export const TRIES_BEFORE_OPERATOR = 10;

const TRIES = literal(TRIES_BEFORE_OPERATOR);

/** Tries that are counted at the most: a number that somebody has written by hand must not overflow. */
const TRIES_COUNTED = literal(1_000_000);

/** When a sweeper looks again at what is due, and was not taken: somebody is at work on it. */
const IN_WORK = sql`now() + interval '10 seconds'`;

/**
 * The lease is the back-off: 1, 2, 4, … 60 minutes, then a day. The levels are asked one after the other, each by its
 * index, until enough is found: nothing is locked that is not taken.
 *
 * One row, also where nothing is due: an idle sweep is this statement alone. `dueIn` is about the whole ledger.
 */
export const lease = statement(
  "ledger.lease",
  {
    limit: integer,
    budget: seconds,
    horizon: seconds,
    hours: integer,
    addressDays: nullable(integer),
    operationDays: nullable(integer),
  },
  ({ limit, budget, horizon, hours, addressDays, operationDays }) => sql`
with due as (
  select found.id from ${LEVELS}, lateral (
    select id from registrar.operation where urgency = level.urgency and due_at <= now()
    order by due_at limit ${limit} for update skip locked
  ) found limit ${limit}
), taken as (
  update registrar.operation
  set tries = least(tries, ${TRIES_COUNTED}) + 1, needs_operator = needs_operator or tries >= ${TRIES},
    due_at = now() + case when tries >= ${TRIES} then interval '1 day'
      else least(interval '1 hour', interval '1 minute' * power(2, tries)) end
  from due where operation.id = due.id
  returning operation.*
), next as (
  select min(due_at) as due_at from (
    select due_at from taken
    union all
    select case when other.due_at > now() then other.due_at else ${IN_WORK} end from ${LEVELS}, lateral (
      select due_at from registrar.operation
      where urgency = level.urgency and due_at is not null and id not in (select id from due)
      order by due_at limit 1
    ) other
  ) times
)
select coalesce((select jsonb_agg(${operation(identifier("taken"), budget, horizon)} order by taken.urgency, taken.started_at)
    from taken), '[]') as "operations",
  (select ${dueIn()} from next),
  (select count(*) from registrar.operation where due_at is not null)::integer as "open",
  (select count(*) from registrar.operation where due_at is not null and needs_operator)::integer as "needOperator",
  ${hasPast({ hours, addressDays, operationDays })} as "toForget"`,
);

/** What `lastError` says of a row that cannot be read. */
export const UNDECODABLE = "undecodable";

export const setAside = statement(
  "ledger.setAside",
  { id: uuid },
  ({ id }) => sql`
update registrar.operation
set last_error = ${literal(UNDECODABLE)}, needs_operator = true, due_at = now() + interval '1 day'
where id = ${id} and due_at is not null
returning id, ${dueIn()}`,
);

/** `state`: in which it was read. Nothing is noted of a row that has closed since. */
export const defer = statement(
  "ledger.defer",
  { id: uuid, error: text, needsOperator: boolean, state: text },
  ({ id, error, needsOperator, state }) => sql`
update registrar.operation
set last_error = ${error}, needs_operator = needs_operator or ${needsOperator} or tries >= ${TRIES}
where id = ${id} and due_at is not null and (closed_at is null or state = ${state})
returning id`,
);

export const list = statement(
  "ledger.list",
  {
    state: nullable(text),
    kind: nullable(text),
    needsOperator: nullable(boolean),
    email: nullable(text),
    userId: nullable(uuid),
    caller: nullable(uuid),
    from: nullable(instant),
    at: nullable(instant),
    id: nullable(uuid),
    limit: integer,
    budget: seconds,
    horizon: seconds,
  },
  ({ state, kind, needsOperator, email, userId, caller, from, at, id, limit, budget, horizon }) => sql`
select ${operation(identifier("operation"), budget, horizon)} as operation from registrar.operation
${page({
  filters: [
    { column: sql`email`, value: email },
    { column: sql`sub`, value: userId },
    // Few rows need an operator; nearly all need none, and are better found by anything else.
    { column: sql`needs_operator`, value: sql`case when ${needsOperator} then true end` },
    { column: sql`state`, value: state },
    { column: sql`caller`, value: caller },
    { column: sql`kind`, value: kind },
    { column: sql`needs_operator`, value: needsOperator },
  ],
  time: sql`started_at`,
  from: { asked: from, instant: from },
  after: { asked: at, instant: at, id },
  limit,
})}`,
);
