/** The users who exist, to look at. CONTRACT: FLIP's `GET /api/users`, `/api/users/{id}` and what belongs to them. */
import { Effect, Option, Schema } from "effect";
import { NotOneself, UserNotFound } from "../../domain/errors.ts";
import { Email, UserId } from "../../domain/user.ts";
import { Access } from "../../ports/access.ts";
import { Directory } from "../../ports/directory.ts";
import { LISTED_AT_ONCE, numberedPage, pageAfter } from "../../programs/users.ts";
import { Config } from "../../settings.ts";
import { InvalidUserKey } from "../errors.ts";
import type { AppContext, Handlers } from "../handler.ts";
import { databaseUnavailable, pathUser, providerUnavailable, requireManager } from "../manager.ts";
import { inRange } from "../query.ts";

const PAGE_SIZE = 20;

/** A number of a query as FLIP reads it: what is not one, or not positive, silently is the default. */
const positive = (value: string | undefined, otherwise: number) =>
  value !== undefined && inRange(value, 1, 999_999_999) ? Number(value) : otherwise;

const last = (c: AppContext, name: string) => c.req.queries(name)?.at(-1);

/**
 * `GET /api/users`: FLIP's envelope with true counts (`pageNumber`, `pageSize`, `search`). With `cursor` (empty at
 * first) instead: `{ data, next }`, without walking the whole pool.
 */
export const listUsers = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      const size = positive(last(c, "pageSize"), PAGE_SIZE);
      const search = last(c, "search") ?? "";
      const cursor = last(c, "cursor");
      if (cursor !== undefined) {
        const limit = Math.min(size, LISTED_AT_ONCE);
        const { people, next } = yield* pageAfter({ cursor: cursor === "" ? null : cursor, limit, search });
        return Response.json({ data: people, next });
      }
      const number = positive(last(c, "pageNumber"), 1);
      const { people, total } = yield* numberedPage({ number, size, search });
      const totals = { totalPages: Math.ceil(total / size), totalRecords: total };
      return Response.json({ page: number, pageSize: size, ...totals, data: people });
    }),
  );

const isEmail = Schema.decodeUnknownOption(Email);
const isUserId = Schema.decodeUnknownOption(UserId);

/** `GET /api/users/{user_id}`: by address or by id, for any caller. */
export const getUser = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const text = c.req.param("user") ?? "";
      const key = Option.getOrUndefined(isUserId(text)) ?? Option.getOrUndefined(isEmail(text));
      if (key === undefined) return yield* new InvalidUserKey();
      const directory = yield* Directory;
      const found = yield* directory.profile(key).pipe(Effect.mapError(providerUnavailable));
      if (Option.isNone(found)) return yield* new UserNotFound({ key, kind: "see" });
      const { sub, email, enabled } = found.value;
      return Response.json({ id: sub, email, isDisabled: !enabled });
    }),
  );

/** `GET /api/users/{user_id}/permissions`: one's own, and nobody else's. */
export const getPermissions = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const user = yield* pathUser(c);
      if (user !== c.get("caller").sub) return yield* new NotOneself();
      const access = yield* Access;
      const names = yield* access.permissionsOf(user).pipe(Effect.mapError(databaseUnavailable));
      if (names === null) return yield* new UserNotFound({ key: user, kind: "see permissions" });
      return Response.json({ permissions: [...new Set(names.map(pascalCase))] });
    }),
  );

/** CAN_MANAGE_USERS → CanManageUsers */
const pascalCase = (name: string) =>
  name
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .join("");

/** `GET /api/users/me/mfa/status`: whether the caller has a second factor, and needs one. */
export const getMfaStatus = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const { sub } = c.get("caller");
      const { ENFORCE_MFA } = yield* Config;
      const directory = yield* Directory;
      const found = yield* directory.profile(sub).pipe(Effect.mapError(providerUnavailable));
      if (Option.isNone(found)) return yield* new UserNotFound({ key: sub, kind: "reset_mfa" });
      return Response.json({ enabled: found.value.totp, required: ENFORCE_MFA === "true" });
    }),
  );

/** `GET /api/roles`: all roles, by name. */
export const listRoles = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c, "see roles");
      const access = yield* Access;
      return Response.json({ roles: yield* access.roles().pipe(Effect.mapError(databaseUnavailable)) });
    }),
  );
