/**
 * The users of the pool, to look at. They are listed in two ways: FLIP's numbered pages, which have to walk the whole
 * pool, and a cursor, which does not.
 */
import { Effect, Option } from "effect";
import { NotOneself, Unavailable, UnknownCursor, UserNotFound } from "../domain/errors.ts";
import type { Email, UserId } from "../domain/user.ts";
import { Access, type Role } from "../ports/access.ts";
import { withinBudget } from "../ports/budget.ts";
import { Directory, type ProfilePage } from "../ports/directory.ts";
import { Settings } from "../ports/settings.ts";
import type { Caller } from "../ports/token-verifier.ts";
import { databaseUnavailable, providerUnavailable, requireManager } from "./authority.ts";

/** A user as FLIP's clients know them. */
export interface Person {
  readonly id: UserId;
  readonly email: string;
  /** Absent where the pool has none. */
  readonly name?: string;
  readonly isDisabled: boolean;
  readonly roles: ReadonlyArray<Role>;
}

type User = ProfilePage["users"][number];

/** The most that Cognito lists at once. */
export const LISTED_AT_ONCE = 60;

/** A numbered page of the users, for a caller who manages users. */
export const listUsers = Effect.fn("listUsers")(function* (
  caller: UserId,
  query: Parameters<typeof numberedPage>[0],
) {
  yield* requireManager({ caller });
  return yield* numberedPage(query);
});

/** The users after a cursor, for a caller who manages users. */
export const listUsersAfter = Effect.fn("listUsersAfter")(function* (
  caller: UserId,
  query: Parameters<typeof pageAfter>[0],
) {
  yield* requireManager({ caller });
  return yield* pageAfter(query);
});

/** One user, by address or by id, for any caller. */
export const getUser = Effect.fn("getUser")(function* (key: Email | UserId) {
  const directory = yield* Directory;
  const found = yield* directory.profile(key).pipe(Effect.mapError(providerUnavailable));
  return yield* Option.match(found, {
    onNone: () => new UserNotFound({ key, kind: "see" }),
    onSome: (profile) => Effect.succeed(profile),
  });
});

/** The names of the caller's own permissions, without repeats. Nobody sees those of somebody else. */
export const getPermissions = Effect.fn("getPermissions")(function* (caller: UserId, user: UserId) {
  if (user !== caller) return yield* new NotOneself();
  const access = yield* Access;
  const names = yield* access.permissionsOf(user).pipe(Effect.mapError(databaseUnavailable));
  if (names === null) return yield* new UserNotFound({ key: user, kind: "see permissions" });
  return names;
});

/** Whether the caller has a second factor, and needs one. A machine has none, and needs none. */
export const getMfaStatus = Effect.fn("getMfaStatus")(function* ({ sub: caller, isMachine }: Caller) {
  if (isMachine) return { enabled: false, required: false };
  const { enforceMfa } = yield* Settings;
  const directory = yield* Directory;
  const found = yield* directory.profile(caller).pipe(Effect.mapError(providerUnavailable));
  if (Option.isNone(found)) return yield* new UserNotFound({ key: caller, kind: "reset_mfa" });
  return { enabled: found.value.totp, required: enforceMfa };
});

/** One numbered page, sorted by address. `total`: how many users match in the whole pool. */
export const numberedPage = Effect.fn("users.numberedPage")(function* (query: {
  readonly number: number;
  readonly size: number;
  readonly search: string;
}) {
  const needle = query.search.toLowerCase();
  const matching: Array<User> = [];
  let cursor: string | null = null;
  do {
    if (!(yield* withinBudget)) return yield* new Unavailable({ dependency: "identity provider" });
    const page: ProfilePage = yield* listed(LISTED_AT_ONCE, cursor);
    matching.push(...page.users.filter(({ email }) => email.toLowerCase().includes(needle)));
    cursor = page.next;
  } while (cursor !== null);

  matching.sort((a, b) => (a.email < b.email ? -1 : a.email > b.email ? 1 : a.sub < b.sub ? -1 : 1));
  const from = (query.number - 1) * query.size;
  const people = yield* withRoles(matching.slice(from, from + query.size));
  return { people, total: matching.length };
});

/** The users after a cursor, in the pool's order. A search thins the page out; it does not fill it up. */
export const pageAfter = Effect.fn("users.pageAfter")(function* (query: {
  readonly cursor: string | null;
  readonly limit: number;
  readonly search: string;
}) {
  const needle = query.search.toLowerCase();
  const page = yield* listed(query.limit, query.cursor);
  const people = yield* withRoles(page.users.filter(({ email }) => email.toLowerCase().includes(needle)));
  return { people, next: page.next };
});

const listed = Effect.fnUntraced(function* (limit: number, cursor: string | null) {
  const directory = yield* Directory;
  return yield* directory
    .page(limit, cursor)
    .pipe(
      Effect.mapError((cause) =>
        cursor !== null && cause.reason._tag === "Refused"
          ? new UnknownCursor()
          : new Unavailable({ dependency: "identity provider", cause }),
      ),
    );
});

const withRoles = Effect.fnUntraced(function* (users: ReadonlyArray<User>) {
  const access = yield* Access;
  const roles = yield* access.rolesOf(users.map(({ sub }) => sub)).pipe(Effect.mapError(databaseUnavailable));
  return users.map(
    ({ sub, email, name, enabled }): Person => ({
      id: sub,
      email,
      ...(name !== null && { name }),
      isDisabled: !enabled,
      roles: roles.get(sub) ?? [],
    }),
  );
});
