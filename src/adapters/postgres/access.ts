/** Roles, permissions and grants in FLIP's tables. */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import { CAN_MANAGE_USERS } from "../../domain/audit.ts";
import type { Edition } from "../../domain/edition.ts";
import { OperationId } from "../../domain/operation.ts";
import { RoleId, UserId } from "../../domain/user.ts";
import { Access } from "../../ports/access.ts";
import { Database } from "../../ports/database.ts";
import { type Deployment, Settings } from "../../ports/settings.ts";
import { spanned } from "../../ports/trace.ts";
import * as statements from "./access-statements.ts";
import { tagsOf } from "./fragments.ts";
import { locksOf } from "./locks.ts";
import { decodeRow, toUtc } from "./rows.ts";

const RoleRow = Schema.Struct({ id: RoleId, rolename: Schema.String, roledescription: Schema.String });
const ProfileRow = Schema.NullOr(Schema.Struct({ name: Schema.String, organisation: Schema.String }));
const AccountRow = Schema.Struct({
  user: UserId,
  profile: ProfileRow,
  roles: Schema.Array(RoleRow),
  invitations: Schema.Struct({ count: Schema.Int, lastAt: Schema.NullOr(Schema.String) }),
  disabledBy: Schema.NullOr(Schema.Struct({ userId: UserId, at: Schema.String })),
  deliveryFailed: Schema.Boolean,
  openOperations: Schema.Array(Schema.Struct({ operationId: OperationId, kind: Schema.String })),
});
const SetRow = Schema.Struct({
  allowed: Schema.Boolean,
  unknownRoles: Schema.Array(RoleId),
  removed: Schema.Boolean,
  unresolved: Schema.NullOr(OperationId),
  repeated: Schema.Boolean,
  tooLate: Schema.Boolean,
  asExpected: Schema.Boolean,
  etag: Schema.String,
  standing: Schema.NullOr(Schema.Array(RoleId)),
  others: Schema.NullOr(Schema.Array(UserId)),
});
const ActedRow = Schema.Struct({ id: UserId });
const FoundRow = Schema.Struct({ user: UserId });
const LookUpRow = Schema.Struct({ etag: Schema.NullOr(Schema.String), profile: ProfileRow });
const PermissionRow = Schema.Struct({
  allowed: Schema.Boolean,
  askedAt: Schema.String,
  trusts: Schema.Boolean,
});
const PermissionsRow = Schema.Struct({ hasRole: Schema.Boolean, names: Schema.Array(Schema.String) });

/** The edition that is set, or that whose tables these are. */
const editionOf = ({ flipEdition }: Deployment, trusts: boolean): Edition => {
  if (flipEdition !== "auto") return flipEdition;
  return trusts ? "2026-09" : "2026-05";
};

export const AccessPostgres = Layer.effect(
  Access,
  Effect.gen(function* () {
    const database = yield* Database;
    const settings = yield* Settings;
    const budget = Duration.toSeconds(settings.requestBudget);
    const machines = [...settings.machines.values()];

    return Access.of({
      mayManageUsers: spanned("Access.mayManageUsers")(function* ({ id, caller, subject }) {
        const values = { id, caller, subject, permission: CAN_MANAGE_USERS };
        const rows = yield* database.query(statements.mayManageUsers, values);
        const { allowed, askedAt, trusts } = yield* decodeRow(PermissionRow)(rows[0]);
        return { allowed, askedAt: toUtc(askedAt), edition: editionOf(settings, trusts) };
      }),

      setRoles: spanned("Access.setRoles")(function* (command) {
        const values = {
          ...command,
          permission: CAN_MANAGE_USERS,
          budget,
          machines,
          ifMatch: tagsOf(command.ifMatch),
        };
        const locks = locksOf(command.subject, command.confirmed);
        const rows = yield* database.queryAlone(locks, statements.setRoles, values);
        const answer = yield* decodeRow(SetRow)(rows[0]);
        // A repeat changes nothing: what was set may have been changed again since, also the caller's permission.
        if (answer.repeated) return { _tag: "Set", etag: answer.etag };
        if (!answer.allowed) return { _tag: "Denied" };
        if (answer.tooLate) return { _tag: "TooLate" };
        if (answer.unresolved !== null) return { _tag: "Unresolved", id: answer.unresolved };
        if (answer.removed) return { _tag: "Removed" };
        if (answer.unknownRoles.length > 0) return { _tag: "UnknownRoles", roles: answer.unknownRoles };
        if (!answer.asExpected) return { _tag: "PreconditionFailed" };
        if (answer.standing !== null) return { _tag: "Overtaken", roles: answer.standing };
        return answer.others === null
          ? { _tag: "Set", etag: answer.etag }
          : { _tag: "LastManager", others: answer.others };
      }),

      lookUp: spanned("Access.lookUp")(function* (caller, user) {
        const values = { caller, user, permission: CAN_MANAGE_USERS };
        return yield* decodeRow(LookUpRow)((yield* database.query(statements.lookUp, values))[0]);
      }),

      profilesLike: spanned("Access.profilesLike")(function* (part) {
        const rows = yield* database.query(statements.profilesLike, { part });
        return new Set((yield* decodeRow(Schema.Array(FoundRow))(rows)).map(({ user }) => user));
      }),

      isRemoved: spanned("Access.isRemoved")(function* (user) {
        const rows = yield* database.query(statements.isRemoved, { user });
        return rows[0]?.yes === true;
      }),

      haveActed: spanned("Access.haveActed")(function* (users) {
        const rows = yield* database.query(statements.haveActed, { users });
        return (yield* decodeRow(Schema.Array(ActedRow))(rows)).map(({ id }) => id);
      }),

      roles: spanned("Access.roles")(function* () {
        return yield* decodeRow(Schema.Array(RoleRow))(yield* database.query(statements.roles, {}));
      }),

      accountsOf: spanned("Access.accountsOf")(function* (users) {
        const rows = yield* database.query(statements.accountsOf, { users, invitation: settings.invitation });
        const accounts = yield* decodeRow(Schema.Array(AccountRow))(rows);
        return new Map(accounts.map(({ user, ...account }) => [user, account]));
      }),

      permissionsOf: spanned("Access.permissionsOf")(function* (user) {
        const rows = yield* database.query(statements.permissionsOf, { user });
        const { hasRole, names } = yield* decodeRow(PermissionsRow)(rows[0]);
        return hasRole ? names : null;
      }),
    });
  }),
);
