/** The SQL of roles, permissions and grants, in FLIP's tables. */
import { AuditAction } from "../../domain/audit.ts";
import {
  auditRow,
  mayManage,
  otherManagers,
  recordDenial,
  rolesReplaced,
  unknownRoles,
  unresolved,
} from "./fragments.ts";
import { literal, nullable, sql, statement, text, uuid, uuids } from "./sql.ts";

export const mayManageUsers = statement(
  "access.mayManageUsers",
  { id: uuid, caller: uuid, subject: uuid, permission: uuid },
  ({ id, caller, subject, permission }) => sql`
with allowed as (${mayManage(caller, permission)}
), denied as (${recordDenial({ id, caller, subject, allowed: sql`(select yes from allowed)` })}
)
select yes from allowed`,
);

export const setRoles = statement(
  "access.setRoles",
  { id: uuid, caller: uuid, subject: uuid, permission: uuid, roles: uuids, tag: nullable(text) },
  ({ id, caller, subject, permission, roles, tag }) => sql`
with allowed as (${mayManage(caller, permission)}
), repeated as (
  select from users_audit where id = ${id} and action = ${literal(AuditAction.rolesUpdated)}
), denied as (${recordDenial({
    id,
    caller,
    subject,
    allowed: sql`((select yes from allowed) or exists (select from repeated))`,
  })}
), unknown_role as (${unknownRoles(roles)}
), manager_left as (${otherManagers(subject, permission)}
  union all
  select from role_permission where permission_id = ${permission} and role_id = any(${roles})
), removed as (
  select from registrar.operation where sub = ${subject} and (kind = 'remove' or state = 'user_lost')
), unresolved as (${unresolved(tag)}
), accepted as (
  select ${caller} as caller, ${subject} as sub
  where (select yes from allowed) and not exists (select from removed) and not exists (select from unresolved)
    and not exists (select from repeated)
    and not exists (select from unknown_role) and exists (select from manager_left)
), revoked as (
  delete from user_role
  using accepted where user_role.user_id = accepted.sub and user_role.role_id <> all(${roles})
), granted as (
  insert into user_role (user_id, role_id)
  select accepted.sub, role.id from accepted, unnest(${roles}) role(id)
  on conflict do nothing
), audited as (${auditRow(sql`accepted`, id, literal(AuditAction.rolesUpdated))}
), recorded as (${rolesReplaced(sql`audited`, sql`select distinct unnest(${roles})`)}
)
select (select yes from allowed) as "allowed",
  (select coalesce(jsonb_agg(id order by n), '[]') from unknown_role) as "unknownRoles",
  exists (select from removed) as "removed", (select id from unresolved) as "unresolved",
  exists (select from repeated) as "repeated",
  exists (select from accepted) as "accepted"`,
);

export const roles = statement(
  "access.roles",
  {},
  () => sql`select id, name as rolename, description as roledescription from roles order by name`,
);

export const rolesOf = statement(
  "access.rolesOf",
  { users: uuids },
  ({ users }) => sql`
select user_role.user_id as "user", roles.id, roles.name as rolename, roles.description as roledescription
from user_role join roles on roles.id = user_role.role_id
where user_role.user_id = any(${users}) order by roles.name`,
);

export const permissionsOf = statement(
  "access.permissionsOf",
  { user: uuid },
  ({ user }) => sql`
select exists (select from user_role where user_id = ${user}) as "hasRole",
  (select coalesce(jsonb_agg(distinct permission.permission_name), '[]')
    from user_role
    join role_permission on role_permission.role_id = user_role.role_id
    join permission on permission.id = role_permission.permission_id
    where user_role.user_id = ${user}) as "names"`,
);
