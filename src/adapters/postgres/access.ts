/** Roles, permissions and grants in FLIP's tables. */
import { Effect, Layer, Schema } from "effect";
import { AuditAction, CAN_MANAGE_USERS } from "../../domain/audit.ts";
import { OperationId } from "../../domain/operation.ts";
import { RoleId, UserId } from "../../domain/user.ts";
import { Access, type Role } from "../../ports/access.ts";
import { Database } from "../../ports/database.ts";
import { decodeRow } from "./rows.ts";
import {
  auditRow,
  MANAGERS,
  mayManage,
  otherManagers,
  recordDenial,
  unknownRoles,
  unresolved,
} from "./statements.ts";

/** $1 id, $2 caller, $3 subject, $4 permission */
const MAY_MANAGE = `
with allowed as (${mayManage("$2", "$4")}
), denied as (${recordDenial("$1", "$2", "$3", "(select yes from allowed)")}
)
select yes from allowed`;

/** $1 id, $2 caller, $3 subject, $4 permission, $5 roles, $6 tag */
const SET_ROLES = `
with allowed as (${mayManage("$2", "$4")}
), repeated as (
  select from users_audit where id = $1::uuid and action = '${AuditAction.rolesUpdated}'
), denied as (${recordDenial("$1", "$2", "$3", "((select yes from allowed) or exists (select from repeated))")}
), unknown_role as (${unknownRoles("$5")}
), manager_left as (${otherManagers("$3", "$4")}
  union all
  select from role_permission where permission_id = $4::uuid and role_id = any($5::uuid[])
), removed as (
  select from registrar.operation where sub = $3::uuid and (kind = 'remove' or state = 'user_lost')
), unresolved as (${unresolved("$6")}
), accepted as (
  select $2::uuid as caller, $3::uuid as sub
  where (select yes from allowed) and not exists (select from removed) and not exists (select from unresolved) and not exists (select from repeated)
    and not exists (select from unknown_role) and exists (select from manager_left)
), revoked as (
  delete from user_role
  using accepted where user_role.user_id = accepted.sub and user_role.role_id <> all($5::uuid[])
), granted as (
  insert into user_role (user_id, role_id)
  select accepted.sub, role.id from accepted, unnest($5::uuid[]) role(id)
  on conflict do nothing
), audited as (${auditRow("accepted", "$1::uuid", `'${AuditAction.rolesUpdated}'`)}
)
select (select yes from allowed) as allowed,
  (select coalesce(jsonb_agg(id order by n), '[]') from unknown_role) as unknown_roles,
  exists (select from removed) as removed, (select id from unresolved) as unresolved,
  exists (select from repeated) as repeated,
  exists (select from accepted) as accepted`;

const ROLES = `select id, name as rolename, description as roledescription from roles order by name`;

/** $1 users */
const ROLES_OF = `
select user_role.user_id as "user", roles.id, roles.name as rolename, roles.description as roledescription
from user_role join roles on roles.id = user_role.role_id
where user_role.user_id = any($1::uuid[]) order by roles.name`;

/** $1 user */
const PERMISSIONS_OF = `
select exists (select from user_role where user_id = $1::uuid) as has_role,
  (select coalesce(jsonb_agg(distinct permission.permission_name), '[]')
    from user_role
    join role_permission on role_permission.role_id = user_role.role_id
    join permission on permission.id = role_permission.permission_id
    where user_role.user_id = $1::uuid) as names`;

const RoleRow = Schema.Struct({ id: RoleId, rolename: Schema.String, roledescription: Schema.String });
const RoleOfRow = Schema.Struct({ user: UserId, ...RoleRow.fields });
const SetRow = Schema.Struct({
  allowed: Schema.Boolean,
  unknown_roles: Schema.Array(RoleId),
  removed: Schema.Boolean,
  unresolved: Schema.NullOr(OperationId),
  repeated: Schema.Boolean,
  accepted: Schema.Boolean,
});
const PermissionsRow = Schema.Struct({ has_role: Schema.Boolean, names: Schema.Array(Schema.String) });

export const AccessPostgres = Layer.effect(
  Access,
  Effect.gen(function* () {
    const database = yield* Database;

    return Access.of({
      mayManageUsers: Effect.fn("Access.mayManageUsers")(function* ({ id, caller, subject }) {
        const parameters = [id, caller, subject, CAN_MANAGE_USERS];
        const rows = yield* database.query("access.mayManageUsers", MAY_MANAGE, parameters);
        return rows[0]?.yes === true;
      }),

      setRoles: Effect.fn("Access.setRoles")(function* ({ id, caller, subject, tag, roles }) {
        const parameters = [id, caller, subject, CAN_MANAGE_USERS, roles, tag];
        const rows = yield* database.queryAlone(MANAGERS, "access.setRoles", SET_ROLES, parameters);
        const answer = yield* decodeRow(SetRow)(rows[0]);
        // A repeat changes nothing: what was set may have been changed again since, also the caller's permission.
        if (answer.repeated) return { _tag: "Set" };
        if (!answer.allowed) return { _tag: "Denied" };
        if (answer.unresolved !== null) return { _tag: "Unresolved", id: answer.unresolved };
        if (answer.removed) return { _tag: "Removed" };
        if (answer.unknown_roles.length > 0) return { _tag: "UnknownRoles", roles: answer.unknown_roles };
        return answer.accepted ? { _tag: "Set" } : { _tag: "LastManager" };
      }),

      roles: Effect.fn("Access.roles")(function* () {
        return yield* decodeRow(Schema.Array(RoleRow))(yield* database.query("access.roles", ROLES, []));
      }),

      rolesOf: Effect.fn("Access.rolesOf")(function* (users) {
        const rows = yield* database.query("access.rolesOf", ROLES_OF, [users]);
        const grants = yield* decodeRow(Schema.Array(RoleOfRow))(rows);
        const found = new Map<UserId, Array<Role>>();
        for (const { user, ...role } of grants) found.set(user, [...(found.get(user) ?? []), role]);
        return found;
      }),

      permissionsOf: Effect.fn("Access.permissionsOf")(function* (user) {
        const rows = yield* database.query("access.permissionsOf", PERMISSIONS_OF, [user]);
        const { has_role, names } = yield* decodeRow(PermissionsRow)(rows[0]);
        return has_role ? names : null;
      }),
    });
  }),
);
