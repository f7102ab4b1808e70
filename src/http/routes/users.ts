/** The users who exist: to look at (one, a page, their roles and permissions), and to change. */
import { Effect, Option, Schema, SchemaTransformation } from "effect";
import { newOperationId } from "../../domain/operation.ts";
import { Email, RegistrationBody, UserId, violation } from "../../domain/user.ts";
import type { Caller } from "../../ports/token-verifier.ts";
import * as changes from "../../programs/change.ts";
import * as roles from "../../programs/roles.ts";
import * as users from "../../programs/users.ts";
import { InvalidUserKey } from "../errors.ts";
import { inRange } from "../query.ts";
import { route } from "../route.ts";
import { Next, Role, RoleIds, Uuid } from "../wire.ts";

const PAGE_SIZE = 20;

/** A number of a query as FLIP reads it: what is not one, or not positive, silently is the default. */
const positive = (value: string | undefined, otherwise: number) =>
  value !== undefined && inRange(value, 1, 999_999_999) ? Number(value) : otherwise;

const Person = Schema.Struct({
  id: Uuid,
  email: Schema.String,
  name: Schema.optionalKey(Schema.String),
  isDisabled: Schema.Boolean,
  roles: Schema.Array(Role),
}).annotate({ identifier: "Person" });

const People = Schema.Struct({
  page: Schema.Int,
  pageSize: Schema.Int,
  totalPages: Schema.Int,
  totalRecords: Schema.Int,
  data: Schema.Array(Person),
}).annotate({ identifier: "People" });

const PeopleAfter = Schema.Struct({ data: Schema.Array(Person), next: Next }).annotate({
  identifier: "PeopleAfter",
});

/** FLIP's envelope with true counts; or, with `cursor`, a page without walking the whole pool. */
export const listUsers = route(
  {
    id: "listUsers",
    method: "GET",
    path: "/api/users",
    area: "Users",
    summary: "Lists the users of the pool",
    details:
      "Numbered pages carry true counts and walk the whole pool. With `cursor`, empty for the first page, a page is read without that.",
    needs: "CAN_MANAGE_USERS",
    query: Schema.Struct({
      pageNumber: Schema.optionalKey(
        Schema.String.annotate({ description: "From 1. What is no positive number counts as 1." }),
      ),
      pageSize: Schema.optionalKey(
        Schema.String.annotate({
          description: `What is no positive number counts as ${PAGE_SIZE}. With a cursor at most ${users.LISTED_AT_ONCE}.`,
        }),
      ),
      search: Schema.optionalKey(
        Schema.String.annotate({ description: "A part of the address, in any case." }),
      ),
      cursor: Schema.optionalKey(
        Schema.String.annotate({
          description: "Empty for the first page, then the `next` of the page before.",
        }),
      ),
    }),
    meaningfulWhenEmpty: ["cursor"],
    answers: {
      200: {
        means: "A page of the users: with counts, or with the cursor of the next page.",
        body: Schema.Union([People, PeopleAfter]),
      },
    },
    fails: ["Forbidden", "Unavailable", "UnknownCursor"],
  },
  Effect.fnUntraced(function* ({ caller, query: { pageNumber, pageSize, search = "", cursor } }) {
    const size = positive(pageSize, PAGE_SIZE);
    if (cursor !== undefined) {
      const limit = Math.min(size, users.LISTED_AT_ONCE);
      const after = { cursor: cursor === "" ? null : cursor, limit, search };
      const { people, next } = yield* users.listUsersAfter(caller.sub, after);
      return { status: 200 as const, body: { data: people, next } };
    }
    const number = positive(pageNumber, 1);
    const { people, total } = yield* users.listUsers(caller.sub, { number, size, search });
    const body = {
      page: number,
      pageSize: size,
      totalPages: Math.ceil(total / size),
      totalRecords: total,
      data: people,
    };
    return { status: 200 as const, body };
  }),
);

const isEmail = Schema.decodeUnknownOption(Email);
const isUserId = Schema.decodeUnknownOption(UserId);

/** One user, by address or by id. As in FLIP any caller may ask. */
export const getUser = route(
  {
    id: "getUser",
    method: "GET",
    path: "/api/users/{user_id}",
    area: "Users",
    summary: "Shows one user, by address or by id",
    needs: "token",
    params: Schema.Struct({
      user_id: Schema.String.annotate({ description: "An e-mail address or the user's id." }),
    }),
    answers: {
      200: {
        means: "The user.",
        body: Schema.Struct({ id: Uuid, email: Schema.String, isDisabled: Schema.Boolean }).annotate({
          identifier: "User",
        }),
      },
    },
    fails: ["InvalidUserKey", "UserNotFound", ["Unavailable", "identity_provider_unavailable"]],
  },
  Effect.fnUntraced(function* ({ params: { user_id } }) {
    const key = Option.getOrUndefined(isUserId(user_id)) ?? Option.getOrUndefined(isEmail(user_id));
    if (key === undefined) return yield* new InvalidUserKey();
    const { sub, email, enabled } = yield* users.getUser(key);
    return { status: 200 as const, body: { id: sub, email, isDisabled: !enabled } };
  }),
);

/** The user whom a path names by id. */
const ByUserId = Schema.Struct({ user_id: UserId });

/** One's own permissions, and nobody else's. */
export const getPermissions = route(
  {
    id: "getPermissions",
    method: "GET",
    path: "/api/users/{user_id}/permissions",
    area: "Users",
    summary: "Shows the caller's own permissions",
    needs: "token",
    params: ByUserId,
    answers: {
      200: {
        means: "The names of the permissions.",
        body: Schema.Struct({ permissions: Schema.Array(Schema.String) }).annotate({
          identifier: "Permissions",
        }),
      },
    },
    fails: ["NotOneself", "UserNotFound", ["Unavailable", "database_unavailable"]],
  },
  Effect.fnUntraced(function* ({ caller, params: { user_id } }) {
    const names = yield* users.getPermissions(caller.sub, user_id);
    return { status: 200 as const, body: { permissions: [...new Set(names.map(pascalCase))] } };
  }),
);

/** CAN_MANAGE_USERS → CanManageUsers */
const pascalCase = (name: string) =>
  name
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .join("");

/** Whether the caller has a second factor, and needs one. Callers without one may ask. */
export const getMfaStatus = route(
  {
    id: "getMfaStatus",
    method: "GET",
    path: "/api/users/me/mfa/status",
    area: "Users",
    summary: "Shows whether the caller has a second factor, and needs one",
    needs: "identity",
    answers: {
      200: {
        means: "The state of the caller's second factor.",
        body: Schema.Struct({ enabled: Schema.Boolean, required: Schema.Boolean }).annotate({
          identifier: "MfaStatus",
        }),
      },
    },
    fails: ["UserNotFound", ["Unavailable", "identity_provider_unavailable"]],
  },
  Effect.fnUntraced(function* ({ caller }) {
    return { status: 200 as const, body: yield* users.getMfaStatus(caller.sub) };
  }),
);

/** All roles, by name. */
export const listRoles = route(
  {
    id: "listRoles",
    method: "GET",
    path: "/api/roles",
    area: "Users",
    summary: "Lists all roles, by name",
    needs: "CAN_MANAGE_USERS",
    answers: {
      200: {
        means: "The roles.",
        body: Schema.Struct({ roles: Schema.Array(Role) }).annotate({ identifier: "Roles" }),
      },
    },
    fails: ["Forbidden", ["Unavailable", "database_unavailable"]],
  },
  Effect.fnUntraced(function* ({ caller }) {
    return { status: 200 as const, body: { roles: yield* roles.listRoles(caller.sub) } };
  }),
);

/** Replaces the user's roles. */
export const setRoles = route(
  {
    id: "setRoles",
    method: "POST",
    path: "/api/users/{user_id}/roles",
    area: "Users",
    summary: "Replaces the user's roles",
    needs: "CAN_MANAGE_USERS",
    params: ByUserId,
    body: Schema.Struct({ roles: RegistrationBody.fields.roles }).annotate({ identifier: "RolesBody" }),
    answers: {
      200: {
        means: "The user has exactly these roles, and the audit row is written.",
        body: Schema.Struct({ roles: RoleIds }).annotate({ identifier: "RolesSet" }),
      },
    },
    fails: [
      "Forbidden",
      "UnknownRoles",
      "UserNotFound",
      "RegistrationInProgress",
      "LastManager",
      "Unavailable",
    ],
  },
  Effect.fnUntraced(function* ({ caller, params, body }) {
    const command = { ...asked({ caller, params }), roles: [...new Set(body.roles)] };
    return { status: 200 as const, body: { roles: yield* roles.setRoles(command) } };
  }),
);

const Nothing = Schema.Struct({}).annotate({ identifier: "Nothing" });

/** Deletes the user: grants and audit row first, then the user in the pool. May be repeated. */
export const deleteUser = route(
  {
    id: "deleteUser",
    method: "DELETE",
    path: "/api/users/{user_id}",
    area: "Users",
    summary: "Deletes the user, with the grants",
    needs: "CAN_MANAGE_USERS",
    params: ByUserId,
    answers: { 200: { means: "The user is gone; also where they were gone before.", body: Nothing } },
    fails: [
      "Forbidden",
      "OwnAccount",
      "LastManager",
      "RegistrationInProgress",
      ["ChangeTracked", "remove_tracked"],
      ["Unavailable", "database_unavailable"],
    ],
  },
  Effect.fnUntraced(function* (input) {
    yield* changes.deleteUser(asked(input));
    return { status: 200 as const, body: {} };
  }),
);

/** What FLIP (pydantic, lax) takes for a truth value. */
const TRUE = ["true", "1", "yes", "y", "on", "t"];
const FALSE = ["false", "0", "no", "n", "off", "f"];

const LaxBoolean = Schema.Union([Schema.Boolean, Schema.Number, Schema.String])
  .annotate(violation("bool_type", "Input should be a valid boolean"))
  .check(
    Schema.makeFilter(
      (value: unknown) => [...TRUE, ...FALSE].includes(String(value).toLowerCase()),
      violation("bool_parsing", "Input should be a valid boolean, unable to interpret input"),
    ),
  )
  .pipe(
    Schema.decodeTo(
      Schema.Boolean,
      SchemaTransformation.transform({
        decode: (value) => TRUE.includes(String(value).toLowerCase()),
        encode: (value) => value,
      }),
    ),
  );

/** Disables or enables the user. */
export const updateUser = route(
  {
    id: "updateUser",
    method: "PUT",
    path: "/api/users/{user_id}",
    area: "Users",
    summary: "Disables or enables the user",
    needs: "CAN_MANAGE_USERS",
    params: ByUserId,
    body: Schema.Struct({ disabled: LaxBoolean }).annotate({ identifier: "UpdateUserBody" }),
    answers: {
      200: {
        means: "The user is disabled, or enabled, and the audit row is written.",
        body: Schema.Struct({ disabled: Schema.Boolean }).annotate({ identifier: "UserUpdated" }),
      },
    },
    fails: [
      "Forbidden",
      "OwnAccount",
      "LastManager",
      "UserNotFound",
      "RegistrationInProgress",
      ["ChangeTracked", "disable_tracked", "enable_tracked"],
      "Unavailable",
    ],
  },
  Effect.fnUntraced(function* ({ caller, params, body: { disabled } }) {
    yield* changes.setEnabled(asked({ caller, params }), !disabled);
    return { status: 200 as const, body: { disabled } };
  }),
);

/** Switches the user's second factor off and signs the user out. */
export const resetMfa = route(
  {
    id: "resetMfa",
    method: "POST",
    path: "/api/users/{user_id}/mfa/reset",
    area: "Users",
    summary: "Switches the user's second factor off and signs the user out",
    needs: "CAN_MANAGE_USERS",
    params: ByUserId,
    answers: { 200: { means: "The user enrols a second factor anew.", body: Nothing } },
    fails: [
      "Forbidden",
      "UserNotFound",
      "RegistrationInProgress",
      ["ChangeTracked", "reset_mfa_tracked"],
      "Unavailable",
    ],
  },
  Effect.fnUntraced(function* (input) {
    yield* changes.resetMfa(asked(input));
    return { status: 200 as const, body: {} };
  }),
);

/** Sends the invitation again, while the user has not signed in. */
export const inviteAgain = route(
  {
    id: "inviteAgain",
    method: "POST",
    path: "/api/users/{user_id}/invitation",
    area: "Users",
    summary: "Sends the invitation again, while the user has not signed in",
    needs: "CAN_MANAGE_USERS",
    params: ByUserId,
    answers: {
      200: {
        means: "Cognito has accepted the invitation for delivery.",
        body: Schema.Struct({ invitation: Schema.Literal("sent") }).annotate({
          identifier: "InvitationSent",
        }),
      },
    },
    fails: [
      "Forbidden",
      "UserNotFound",
      "InvitationNotNeeded",
      "RegistrationInProgress",
      ["ChangeTracked", "invite_tracked"],
      "Unavailable",
    ],
  },
  Effect.fnUntraced(function* (input) {
    yield* changes.inviteAgain(asked(input));
    return { status: 200 as const, body: { invitation: "sent" as const } };
  }),
);

const asked = ({
  caller,
  params,
}: {
  readonly caller: Caller;
  readonly params: { readonly user_id: UserId };
}) => ({
  id: newOperationId(),
  caller: caller.sub,
  subject: params.user_id,
});
