/** The SQL of roles, permissions and grants, in FLIP's tables. */
import { AuditAction } from "../../domain/audit.ts";
import { NOT_INVITED } from "../../domain/operation.ts";
import {
  auditRow,
  etag,
  gone,
  grantRoles,
  hasTrusts,
  inUtc,
  isAsExpected,
  isGlobal,
  lateness,
  mayComeIn,
  mayManage,
  newestSwitch,
  otherManagers,
  profileOf,
  recordDenial,
  rolesOf,
  rolesReplaced,
  somebodyIsLeft,
  unknownRoles,
  unresolved,
} from "./fragments.ts";
import {
  boolean,
  instant,
  json,
  literal,
  nullable,
  seconds,
  sql,
  statement,
  text,
  texts,
  uuid,
  uuids,
} from "./sql.ts";

export const mayManageUsers = statement(
  "access.mayManageUsers",
  { id: uuid, caller: uuid, subject: uuid, permission: uuid },
  ({ id, caller, subject, permission }) => sql`
with allowed as (${mayManage(caller, permission)}
), ${recordDenial({ id, caller, subject, allowed: sql`(select yes from allowed)` })}
select yes as "allowed", to_jsonb(clock_timestamp()) as "askedAt", ${hasTrusts} as "trusts" from allowed`,
  {
    kept: {
      since: 5,
      answers: {
        allowed: boolean,
        askedAt: json,
        trusts: boolean,
      },
    },
  },
);

export const setRoles = statement(
  "access.setRoles",
  {
    id: uuid,
    caller: uuid,
    subject: uuid,
    permission: uuid,
    roles: uuids,
    tag: nullable(text),
    askedAt: instant,
    confirmed: uuids,
    machines: uuids,
    budget: seconds,
    ifMatch: nullable(texts),
  },
  ({ id, caller, subject, permission, roles, tag, askedAt, confirmed, machines, budget, ifMatch }) => sql`
with allowed as (${mayManage(caller, permission)}
), repeated as (
  select from users_audit where id = ${id} and action = ${literal(AuditAction.rolesUpdated)}
), ${recordDenial({
    id,
    caller,
    subject,
    allowed: sql`((select yes from allowed) or exists (select from repeated))`,
  })}, unknown_role as (${unknownRoles(roles)}
), late as (${lateness(
    askedAt,
    budget,
    sql`select from registrar.roles_asked newer where newer.user_id = ${subject} and newer.asked_at > ${askedAt}`,
  )}
), last_manager as (
  select from (${mayManage(subject, permission)}) subject
  where subject.yes and not ${somebodyIsLeft(subject, permission, confirmed)}
    and not exists (select from role_permission where permission_id = ${permission} and role_id = any(${roles}))
), removed as (${gone(subject)}
), unresolved as (${unresolved(tag)}
), possible as (
  select ${caller} as caller, ${subject} as sub
  where (select yes from allowed) and not exists (select from removed) and not exists (select from unresolved)
    and not exists (select from repeated) and not (select too_late from late)
    and not exists (select from unknown_role) and ${isAsExpected(subject, ifMatch)}
), accepted as (
  select * from possible where not (select superseded from late) and not exists (select from last_manager)
), overtaken as (
  select * from possible where (select superseded from late)
), overtaken_audited as (${auditRow(sql`overtaken`, id, literal(AuditAction.rolesOvertaken))}
), revoked as (
  delete from user_role
  using accepted where user_role.user_id = accepted.sub and user_role.role_id <> all(${roles})
    and ${isGlobal(sql`user_role`)}
), granted as (${grantRoles(sql`(select sub, unnest(${roles}) as role_id from accepted)`)}
), asked as (
  insert into registrar.roles_asked (user_id, asked_at) select sub, ${askedAt} from accepted
  on conflict (user_id) do update set asked_at = excluded.asked_at
), audited as (${auditRow(sql`accepted`, id, literal(AuditAction.rolesUpdated))}
), recorded as (${rolesReplaced(sql`audited`, sql`select distinct unnest(${roles})`)}
)
select (select yes from allowed) as "allowed",
  (select coalesce(jsonb_agg(id order by n), '[]') from unknown_role) as "unknownRoles",
  exists (select from removed) as "removed", (select id from unresolved) as "unresolved",
  exists (select from repeated) as "repeated",
  (select too_late from late) as "tooLate", ${isAsExpected(subject, ifMatch)} as "asExpected",
  case when exists (select from accepted)
    then ${etag(subject, sql`array(select distinct unnest(${roles}) order by 1)`)} else ${etag(subject)}
  end as "etag",
  case when (select superseded from late)
    then to_jsonb(${rolesOf(subject)})
  end as "standing",
  case when exists (select from last_manager) then (${otherManagers(subject, permission, caller, machines)}) end as "others"`,
  {
    kept: {
      since: 5,
      answers: {
        allowed: boolean,
        unknownRoles: json,
        removed: boolean,
        unresolved: uuid,
        repeated: boolean,
        tooLate: boolean,
        asExpected: boolean,
        etag: text,
        standing: json,
        others: json,
      },
    },
  },
);

export const lookUp = statement(
  "access.lookUp",
  { caller: uuid, user: uuid, permission: uuid },
  ({ caller, user, permission }) => sql`
select case when yes then ${etag(user)} end as "etag", ${profileOf(user)} as "profile"
from (${mayManage(caller, permission)}) allowed`,
);

/** How many users a search by profile finds at the most. */
const FOUND_MAX = literal(10_000);

export const profilesLike = statement(
  "access.profilesLike",
  { part: text },
  ({ part }) => sql`select unnest(registrar.profiles_like(${part}, ${FOUND_MAX})) as "user"`,
);

export const isRemoved = statement(
  "access.isRemoved",
  { user: uuid },
  ({ user }) => sql`select exists (${gone(user)}) as yes`,
);

export const roles = statement(
  "access.roles",
  {},
  () => sql`select id, name as rolename, description as roledescription from roles order by name`,
);

/** Whether the history of a registration says that its invitation was not sent. */
const notInvited = sql`exists (select from jsonb_array_elements(history) line where line ->> 'note' like ${literal(`${NOT_INVITED}%`)})`;

export const accountsOf = statement(
  "access.accountsOf",
  { users: uuids, invitation: text },
  ({ users, invitation }) => sql`
select wanted.id as "user", ${profileOf(sql`wanted.id`)} as "profile",
  (select coalesce(jsonb_agg(jsonb_build_object('id', roles.id, 'rolename', roles.name, 'roledescription', roles.description)
      order by roles.name), '[]')
    from user_role join roles on roles.id = user_role.role_id
    where user_role.user_id = wanted.id and ${isGlobal(sql`user_role`)}) as "roles",
  (select jsonb_build_object('count', count(*), 'lastAt', ${inUtc(sql`max(sent.at)`)}) from (
    select case when ${invitation} = 'immediate' then started_at else closed_at end as at from registrar.operation
    where sub = wanted.id and kind in ('register', 'register_with_roles') and not needs_operator and not ${notInvited}
      and (state = 'completed' and ${invitation} <> 'none' or state = 'registered' and ${invitation} = 'immediate')
    union all
    select closed_at from registrar.operation where sub = wanted.id and kind = 'invite' and state = 'done') sent
  ) as "invitations",
  exists (select from registrar.operation where sub = wanted.id and closed_at is null
    and last_error like '%CodeDeliveryFailureException') as "deliveryFailed",
  (select case when newest.kind = 'disable'
      then jsonb_build_object('userId', newest.caller, 'at', ${inUtc(sql`newest.started_at`)}) end
    from (${newestSwitch(sql`wanted.id`, sql`change.kind, change.caller, change.started_at`)}) newest) as "disabledBy",
  (select coalesce(jsonb_agg(jsonb_build_object('operationId', id, 'kind', kind) order by started_at, id), '[]')
    from registrar.operation where sub = wanted.id and closed_at is null) as "openOperations"
from unnest(${users}) wanted(id)`,
);

/** What somebody is written down to have done to themselves may have been written for them. */
export const haveActed = statement(
  "access.haveActed",
  { users: uuids },
  ({ users }) => sql`
select asked.id from unnest(${users}) asked(id)
where exists (select from registrar.operation where caller = asked.id and sub is distinct from asked.id)
  or exists (select from registrar.role_change where caller = asked.id and subject <> asked.id)
  or exists (select from registrar.denial where caller = asked.id)`,
);

export const permissionsOf = statement(
  "access.permissionsOf",
  { user: uuid },
  ({ user }) => sql`
select exists (select from user_role where user_id = ${user} and ${isGlobal(sql`user_role`)}) and ${mayComeIn(user)} as "hasRole",
  (select coalesce(jsonb_agg(distinct permission.permission_name), '[]')
    from user_role
    join role_permission on role_permission.role_id = user_role.role_id
    join permission on permission.id = role_permission.permission_id
    where user_role.user_id = ${user} and ${isGlobal(sql`user_role`)}) as "names"`,
);
