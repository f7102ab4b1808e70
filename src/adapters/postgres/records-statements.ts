/** The SQL of what the database knows of people, for whoever compares it with the pool. */
import { AuditAction } from "../../domain/audit.ts";
import {
  asId,
  auditRow,
  gone,
  historyLine,
  isGlobal,
  mayComeIn,
  mayManage,
  newestSwitch,
  recordDenial,
  rolesOf,
  rolesReplaced,
  rolesRevoked,
  unresolved,
} from "./fragments.ts";
import {
  type Fragment,
  identifier,
  instant,
  integer,
  literal,
  nullable,
  sql,
  statement,
  text,
  texts,
  uuid,
  uuids,
} from "./sql.ts";

/** Whether the trail says how somebody came to be known. */
const recorded = (user: Fragment) => sql`
  exists (select from users_audit known where known.user_id = ${user}
    and known.action in (${literal(AuditAction.registered)}, ${literal(AuditAction.adopted)}))`;

/** What is known of somebody, as one object. */
const record = (user: Fragment, tag: Fragment) => sql`jsonb_build_object(
  'sub', ${user},
  'email', (select named.email from registrar.operation named
    where named.sub = ${user} and named.email is not null order by named.started_at desc limit 1),
  'isRecorded', ${recorded(user)},
  'isGone', exists (${gone(user)}),
  'newestSwitch', (${newestSwitch(user)}),
  'grants', (select count(*) from user_role where user_role.user_id = ${user}),
  'isMoving', exists (select from registrar.operation moving
    where (moving.sub = ${user} or moving.id = ${asId(tag)}) and (moving.closed_at is null or moving.grace_until is not null)))`;

export const of = statement(
  "records.of",
  { users: uuids, tags: texts },
  ({ users, tags }) => sql`
select ${record(sql`wanted.id`, sql`wanted.tag`)} as "record"
from unnest(${users}, ${tags}) with ordinality wanted(id, tag, n) order by wanted.n`,
);

/** The first users of a column after one, each once. */
const next = (table: Fragment, column: Fragment, after: Fragment, limit: Fragment) => sql`
    (select distinct ${column} from ${table} where ${column} > ${after} order by ${column} limit ${limit})`;

export const page = statement(
  "records.page",
  { after: uuid, limit: integer },
  ({ after, limit }) => sql`
select ${record(sql`wanted.id`, sql`null::text`)} as "record"
from (
  select id from (${next(sql`user_role`, sql`user_id`, after, limit)}
    union${next(sql`registrar.operation`, sql`sub`, after, limit)}
    union${next(sql`users_audit`, sql`user_id`, after, limit)}
  ) known(id) order by id limit ${limit}
) wanted order by wanted.id`,
);

export const adopt = statement(
  "records.adopt",
  {
    id: uuid,
    caller: uuid,
    sub: uuid,
    tag: nullable(text),
    email: text,
    name: nullable(text),
    permission: uuid,
  },
  ({ id, caller, sub, tag, email, name, permission }) => sql`
with allowed as (${mayManage(caller, permission)}
), ${recordDenial({ id, caller, subject: sub, allowed: sql`(select yes from allowed)` })}, unresolved as (${unresolved(tag)}
), opened as (
  insert into registrar.operation
    (id, kind, caller, email, name, roles, state, sub, started_at, closed_at, acknowledged_at, history)
  select ${id}, 'adopt', ${caller}, ${email}, ${name}, '{}', 'completed', ${sub}, now(), now(), now(),
    jsonb_build_array(${historyLine(sql`'completed'`, sql`${caller}::text`)})
  where (select yes from allowed) and not exists (select from unresolved) and not exists (${gone(sub)})
    and not ${recorded(sub)}
  on conflict do nothing
  returning *
), audited as (${auditRow(sql`opened`, sql`moved.id`, literal(AuditAction.adopted))}
)
select (select yes from allowed) as "allowed", (select id from unresolved) as "unresolved",
  exists (${gone(sub)}) as "gone", ${recorded(sub)} as "recorded",
  exists (select from opened union all select from registrar.operation known where known.id = ${id}) as "adopted"`,
);

/** Whether both grants bring the same: also of the same trust, where grants have one. */
const isSameGrant = (one: string, other: string) => sql`
  (${identifier(one)}.role_id = ${identifier(other)}.role_id
    and to_jsonb(${identifier(one)}) ->> 'trust_id' is not distinct from to_jsonb(${identifier(other)}) ->> 'trust_id')`;

export const moveGrants = statement(
  "records.moveGrants",
  { id: uuid, caller: uuid, from: uuid, to: uuid, permission: uuid, askedAt: instant },
  ({ id, caller, from, to, permission, askedAt }) => sql`
with allowed as (${mayManage(caller, permission)}
), ${recordDenial({ id, caller, subject: to, allowed: sql`(select yes from allowed)` })}, accepted as (
  select ${caller} as caller, ${to} as sub
  where (select yes from allowed) and ${mayComeIn(to)} and exists (select from user_role where user_id = ${from})
), moved as (
  update user_role mine set user_id = ${to}
  where mine.user_id = ${from} and exists (select from accepted)
    and not exists (select from user_role theirs where theirs.user_id = ${to} and ${isSameGrant("theirs", "mine")})
  returning mine.role_id, ${isGlobal(sql`mine`)} as is_global
), dropped as (
  delete from user_role mine
  where mine.user_id = ${from} and exists (select from accepted)
    and exists (select from user_role theirs where theirs.user_id = ${to} and ${isSameGrant("theirs", "mine")})
  returning mine.role_id, ${isGlobal(sql`mine`)} as is_global
), taken as (select * from moved union all select * from dropped
), asked as (
  insert into registrar.roles_asked (user_id, asked_at)
  select one.id, ${askedAt} from accepted, unnest(array[${from}, ${to}]) one(id)
  on conflict (user_id) do update set asked_at = greatest(roles_asked.asked_at, excluded.asked_at)
), given_audited as (${auditRow(sql`accepted`, id, literal(AuditAction.rolesUpdated))}
), given as (${rolesReplaced(sql`given_audited`, sql`select unnest(${rolesOf(to)}) union select role_id from taken where is_global`)}
), taken_audited as (${auditRow(
    sql`(select caller, ${from} as sub from accepted)`,
    sql`md5('grants moved ' || ${id}::text)::uuid`,
    literal(AuditAction.rolesUpdated),
  )}
), taken_recorded as (${rolesRevoked(sql`taken_audited`, sql`taken`)}
)
select (select yes from allowed) as "allowed", ${mayComeIn(to)} as "letIn", (select count(*)::int from taken) as "grants"`,
);
