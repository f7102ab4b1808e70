/** The users who exist, to look at: one, a page, their roles and permissions. */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { Email, UserId } from "../../domain/user.ts";
import { requirePresent } from "../../programs/authenticate.ts";
import * as roles from "../../programs/roles.ts";
import * as users from "../../programs/users.ts";
import { InvalidUserKey } from "../errors.ts";
import { etagHeader } from "../if-match.ts";
import { inRange } from "../query.ts";
import { route } from "../route.ts";
import { ETag, Next, Role, Timestamp, Uuid } from "../wire.ts";

const PAGE_SIZE = 20;

/** A number of a query as FLIP reads it: what is not one, or not positive, silently is the default. */
const positive = (value: string | undefined, otherwise: number) =>
  value !== undefined && inRange(value, 1, 999_999_999) ? Number(value) : otherwise;

/** What whoever manages users sees of a user's account. */
const account = {
  status: Schema.Literals([
    "invited",
    "active",
    "ready",
    "federated",
    "password_reset_required",
    "unconfirmed",
    "other",
  ]).annotate({
    description:
      "How far the user has come. `invited`: they have not signed in yet. `ready`: they need no password, and may have.",
  }),
  federated: Schema.Boolean.annotate({ description: "Another identity provider signs the user in." }),
  invitations: Schema.Struct({ count: Schema.Int, lastAt: Schema.NullOr(Timestamp) }).annotate({
    description: "How many invitations were sent from here, and when the last was.",
  }),
  deliveryFailed: Schema.Boolean.annotate({
    description: "Cognito could not deliver the invitation. The sweeper goes on trying.",
  }),
  temporaryPasswordExpiresAt: Schema.NullOr(Timestamp).annotate({
    description: "When the password of the last invitation ends, while the user has not signed in.",
  }),
  disabledBy: Schema.NullOr(Schema.Struct({ userId: Uuid, at: Timestamp })).annotate({
    description: "Who has disabled the user here, and when.",
  }),
  openOperations: Schema.Array(Schema.Struct({ operationId: Uuid, kind: Schema.String })),
};

/** What FLIP's table has; empty where it has nothing of the user. Of other databases the pool's name, where it has one. */
const shownProfile = {
  name: Schema.optionalKey(Schema.String),
  organisation: Schema.optionalKey(
    Schema.String.annotate({ description: "Left out where the database has no table user_profile." }),
  ),
};

const Person = Schema.Struct({
  id: Uuid,
  email: Schema.String,
  ...shownProfile,
  isDisabled: Schema.Boolean,
  roles: Schema.Array(Role),
  ...account,
}).annotate({ identifier: "Person" });

const User = Schema.Struct({
  id: Uuid,
  email: Schema.String,
  ...shownProfile,
  isDisabled: Schema.Boolean,
}).annotate({ identifier: "User" });

const Account = Schema.Struct({
  ...Person.fields,
  secondFactors: Schema.Array(Schema.String).annotate({
    description: "By Cognito's names, such as SOFTWARE_TOKEN_MFA and WEB_AUTHN (a passkey).",
  }),
}).annotate({ identifier: "Account" });

const People = Schema.Struct({
  page: Schema.Int,
  pageSize: Schema.Int,
  totalPages: Schema.Int,
  totalRecords: Schema.Int,
  data: Schema.Array(Person),
}).annotate({ identifier: "People" });

const PeopleRead = Schema.Struct({
  page: Schema.Int,
  pageSize: Schema.Int,
  data: Schema.Array(Person),
  next: Schema.String.annotate({ description: "The cursor that continues after this page." }),
}).annotate({ identifier: "PeopleRead" });

const PeopleAfter = Schema.Struct({ data: Schema.Array(Person), next: Next }).annotate({
  identifier: "PeopleAfter",
});

const isEmail = Schema.decodeUnknownOption(Email);
const isUserId = Schema.decodeUnknownOption(UserId);

/** One user as any caller sees them, or as one who manages users does. `asWritten`: the pool may have the address so. */
const show = Effect.fnUntraced(function* (
  caller: UserId,
  key: Email | UserId | undefined,
  asWritten: string,
) {
  if (key === undefined) return yield* new InvalidUserKey();
  const { profile, kept, etag, account } = yield* users.getUser(caller, key, asWritten);
  const { sub, email, enabled } = profile;
  const body = account ?? { id: sub, email, ...kept, isDisabled: !enabled };
  return { status: 200 as const, body, headers: etagHeader(etag) };
});

/** FLIP's envelope with true counts, where the pool can be counted; or, with `cursor`, a page without walking it. */
export const listUsers = route(
  {
    id: "listUsers",
    method: "GET",
    path: "/api/users",
    area: "Users",
    summary: "Lists the users of the pool",
    details:
      "Numbered pages are sorted by address, carry true counts and walk the whole pool. Where it is too large for that they come in the pool's own order, without counts, and with `next`, the cursor that continues. With `cursor`, empty for the first page, a page is read without a walk. With `email` it shows one user, to any caller: the address then stands in no path, which platforms and proxies write down.",
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
        Schema.String.annotate({
          description:
            "A part of the address, or of the name or organisation that the database has, in any case.",
        }),
      ),
      cursor: Schema.optionalKey(
        Schema.String.annotate({
          description: "Empty for the first page, then the `next` of the page before.",
        }),
      ),
      email: Schema.optionalKey(
        Schema.String.annotate({
          description:
            "Shows the one user with this address, as GET /api/users/{user_id} does and to whom it does. The other parameters then say nothing.",
        }),
      ),
    }),
    meaningfulWhenEmpty: ["cursor"],
    answers: {
      200: {
        means:
          "A page of the users: with counts, or with the cursor of the next page. With `email` that user.",
        body: Schema.Union([People, PeopleRead, PeopleAfter, Account, User]),
        headers: { ETag },
      },
    },
    fails: [
      "Forbidden",
      "Unauthenticated",
      "DatabaseRefused",
      "Unavailable",
      "UnknownCursor",
      "InvalidUserKey",
      "UserNotFound",
    ],
  },
  Effect.fnUntraced(function* ({ caller, query: { pageNumber, pageSize, search = "", cursor, email } }) {
    if (email !== undefined) {
      yield* requirePresent(caller);
      return yield* show(caller.sub, Option.getOrUndefined(isEmail(email)), email.trim());
    }
    const size = positive(pageSize, PAGE_SIZE);
    if (cursor !== undefined) {
      const limit = Math.min(size, users.LISTED_AT_ONCE);
      const after = { cursor: cursor === "" ? null : cursor, limit, search };
      const { people, next } = yield* users.listUsersAfter(caller.sub, after);
      return { status: 200 as const, body: { data: people, next } };
    }
    const number = positive(pageNumber, 1);
    const { people, total, next } = yield* users.listUsers(caller.sub, { number, size, search });
    const page = { page: number, pageSize: size };
    const body =
      next === null
        ? { ...page, totalPages: Math.ceil(total / size), totalRecords: total, data: people }
        : { ...page, data: people, next };
    return { status: 200 as const, body };
  }),
);

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
        means: "The user; for who manages users, with the state of their account.",
        body: Schema.Union([Account, User]),
        headers: { ETag },
      },
    },
    fails: ["InvalidUserKey", "UserNotFound", "DatabaseRefused", "Unavailable"],
  },
  Effect.fnUntraced(function* ({ caller, params: { user_id } }) {
    const id = Option.getOrUndefined(isUserId(user_id));
    const key = id ?? Option.getOrUndefined(isEmail(user_id));
    return yield* show(caller.sub, key, id ?? user_id.trim());
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
    fails: ["NotOneself", "UserNotFound", "DatabaseRefused", ["Unavailable", "database_unavailable"]],
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
    return { status: 200 as const, body: yield* users.getMfaStatus(caller) };
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
    fails: ["Forbidden", "DatabaseRefused", ["Unavailable", "database_unavailable"]],
  },
  Effect.fnUntraced(function* ({ caller }) {
    return { status: 200 as const, body: { roles: yield* roles.listRoles(caller.sub) } };
  }),
);
