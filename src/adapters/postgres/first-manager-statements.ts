/** The SQL of a database that nobody manages users in yet. */
import { AuditAction } from "../../domain/audit.ts";
import {
  auditRow,
  earlier,
  firstLine,
  grantRoles,
  holding,
  interval,
  inUtc,
  isGlobal,
  managersBut,
  mayComeIn,
  operation,
  rolesOf,
  rolesReplaced,
  unknownRoles,
  unresolved,
} from "./fragments.ts";
import { identifier, literal, nullable, seconds, sql, statement, text, texts, uuid, uuids } from "./sql.ts";

const NOW = inUtc(sql`statement_timestamp()`);

export const seed = statement(
  "first.seed",
  {
    roleIds: uuids,
    roleNames: texts,
    roleDescriptions: texts,
    permissionIds: uuids,
    permissionNames: texts,
    holders: uuids,
    held: uuids,
  },
  ({ roleIds, roleNames, roleDescriptions, permissionIds, permissionNames, holders, held }) => sql`
with new_role as (
  insert into roles
  select made.* from unnest(${roleIds}, ${roleNames}, ${roleDescriptions}) given(id, name, description),
    jsonb_populate_record(null::roles, jsonb_build_object('id', given.id, 'name', given.name,
      'description', given.description, 'created_at', ${NOW}, 'updated_at', ${NOW})) made
  where not exists (select from roles)
  on conflict do nothing
  returning id
), new_permission as (
  insert into permission (id, permission_name, permission_description)
  select given.id, given.name, given.name from unnest(${permissionIds}, ${permissionNames}) given(id, name)
  where not exists (select from permission)
  on conflict do nothing
  returning id
), new_pair as (
  insert into role_permission (id, role_id, permission_id)
  select gen_random_uuid(), given.role_id, given.permission_id
  from unnest(${holders}, ${held}) given(role_id, permission_id)
  where (exists (select from new_role) or exists (select from new_permission))
    and given.role_id in (select id from new_role union select id from roles)
    and given.permission_id in (select id from new_permission union select id from permission)
    and not exists (select from role_permission same
      where same.role_id = given.role_id and same.permission_id = given.permission_id)
)
select (select count(*)::int from new_role) as "roles", (select count(*)::int from new_permission) as "permissions"`,
);

export const managingRoles = statement(
  "first.managingRoles",
  { permission: uuid },
  ({ permission }) => sql`
select distinct role_id as "id" from role_permission where permission_id = ${permission} order by 1`,
);

export const managers = statement(
  "first.managers",
  { permission: uuid, machines: uuids },
  ({ permission, machines }) =>
    sql`select distinct id from (${managersBut(permission, machines)}) manager order by 1`,
);

export const open = statement(
  "first.open",
  {
    id: uuid,
    kind: text,
    email: text,
    name: nullable(text),
    roles: uuids,
    permission: uuid,
    discounted: uuids,
    budget: seconds,
    horizon: seconds,
    actor: text,
  },
  ({ id, kind, email, name, roles, permission, discounted, budget, horizon, actor }) => sql`
with allowed as (
  select not exists (${managersBut(permission, discounted)}) as yes
), unknown_role as (${unknownRoles(roles)}
), own as (
  select * from registrar.operation where id = ${id}
), address_holder as (${holding(email, id)}
), earlier as (${earlier(email, id)}
), opened as (
  insert into registrar.operation (id, kind, caller, email, name, roles, due_at, history)
  select ${id}, ${kind}, ${id}, ${email}, ${name}, ${roles}, now() + ${interval(budget)},
    ${firstLine(sql`'started'`, actor)}
  where (select yes from allowed)
    and not exists (select from unknown_role)
    and not exists (select from own)
    and not exists (select from address_holder)
  on conflict do nothing
  returning *
)
select (select yes from allowed) or exists (select from own) as "allowed",
  (select coalesce(jsonb_agg(id order by n), '[]') from unknown_role) as "unknownRoles",
  (select ${operation(identifier("mine"), budget, horizon)}
    from (select * from opened union all select * from own) mine) as "own",
  null as "keyHolder", null as "sameRequest", false as "userGone",
  (select ${operation(identifier("address_holder"), budget, horizon)} from address_holder) as "addressHolder",
  (select coalesce(jsonb_agg(${operation(identifier("earlier"), budget, horizon)}), '[]') from earlier) as "earlier"`,
  { dueWithin: "budget" },
);

export const grant = statement(
  "first.grant",
  { id: uuid, sub: uuid, role: uuid, tag: nullable(text), permission: uuid, discounted: uuids },
  ({ id, sub, role, tag, permission, discounted }) => sql`
with managed as (
  select from (${managersBut(permission, discounted)}) manager where manager.id <> ${sub}
), unresolved as (${unresolved(tag)}
), held as (
  -- By a try before, or by a run beside this one.
  select from user_role where user_id = ${sub} and role_id = ${role} and ${isGlobal(sql`user_role`)}
), accepted as (
  select ${sub} as caller, ${sub} as sub
  where not exists (select from managed) and not exists (select from unresolved)
    and not exists (select from held) and ${mayComeIn(sub)}
), granted as (${grantRoles(sql`(select sub, ${role} as role_id from accepted)`)}
), audited as (${auditRow(sql`accepted`, id, literal(AuditAction.rolesUpdated))}
), recorded as (${rolesReplaced(sql`audited`, sql`select unnest(${rolesOf(sub)}) union select ${role}`)}
)
select exists (select from accepted)
    or exists (select from held) and ${mayComeIn(sub)} and not exists (select from unresolved) as "granted",
  exists (select from managed) as "managed", (select id from unresolved) as "unresolved"`,
);
