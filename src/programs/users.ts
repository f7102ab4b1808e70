/**
 * The users of the pool, to look at. They are listed in two ways: FLIP's numbered pages, which walk the whole pool
 * where it is small enough, and a cursor, which does not.
 */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { NotOneself, Unavailable, UnknownCursor, UserNotFound } from "../domain/errors.ts";
import type { Email, UserId } from "../domain/user.ts";
import { Access, type Account, type Role } from "../ports/access.ts";
import { partOfBudget } from "../ports/budget.ts";
import { onceMore } from "../ports/database.ts";
import { Directory, EXTERNAL_PROVIDER, type ProfilePage } from "../ports/directory.ts";
import { type Deployment, Settings } from "../ports/settings.ts";
import type { Caller } from "../ports/token-verifier.ts";
import { spanned } from "../ports/trace.ts";
import { databaseUnavailable, providerUnavailable, requireManager } from "./authority.ts";
import { cursorAt, placeOf } from "./place.ts";

/** A user as FLIP's clients know them. */
export interface Person {
  readonly id: UserId;
  readonly email: string;
  /** Absent where nobody has one: the database keeps no profiles, and the pool has no name. */
  readonly name?: string;
  /** Absent where the database keeps no profiles. */
  readonly organisation?: string;
  readonly isDisabled: boolean;
  readonly roles: ReadonlyArray<Role>;
  /** What follows is for whoever manages users. */
  readonly status: Progress;
  /** Another identity provider signs them in. */
  readonly federated: boolean;
  readonly invitations: Account["invitations"];
  /** When the password of the last invitation ends; null where they have signed in, or none was sent from here. */
  readonly temporaryPasswordExpiresAt: string | null;
  readonly disabledBy: Account["disabledBy"];
  readonly deliveryFailed: boolean;
  readonly openOperations: Account["openOperations"];
}

type User = ProfilePage["users"][number];

/** The most that Cognito lists at once. */
export const LISTED_AT_ONCE = 60;

/** A numbered page of the users, for a caller who manages users. */
export const listUsers = spanned("listUsers")(function* (
  caller: UserId,
  query: Parameters<typeof numberedPage>[0],
) {
  yield* requireManager({ caller });
  return yield* numberedPage(query);
});

/** The users after a cursor, for a caller who manages users. */
export const listUsersAfter = spanned("listUsersAfter")(function* (
  caller: UserId,
  query: Parameters<typeof pageAfter>[0],
) {
  yield* requireManager({ caller });
  return yield* pageAfter(query);
});

/**
 * One user, by address or by id, for any caller, with their account and entity tag where the caller manages users. `kept`: the
 * profile that the database has, where it keeps profiles, with the pool's name where it has none. Where
 * case counts the pool may have the address as it was written, or in lower case as Registrar registers it: it is asked
 * for both, in this order.
 */
export const getUser = spanned("getUser")(function* (
  caller: UserId,
  key: Email | UserId,
  asWritten: string = key,
) {
  const directory = yield* Directory;
  const access = yield* Access;
  const look = (name: string) => directory.profile(name).pipe(Effect.mapError(providerUnavailable));
  const written = yield* look(asWritten);
  const found = Option.isSome(written) || asWritten === key ? written : yield* look(key);
  if (Option.isNone(found)) return yield* new UserNotFound({ key, kind: "see" });
  const profile = found.value;
  const { etag, profile: inTable } = yield* access
    .lookUp(caller, profile.sub)
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  const kept = inTable && { ...inTable, name: inTable.name || (profile.name ?? "") };
  if (etag === null) return { profile, kept, etag, account: null };
  const [person] = yield* withAccounts([profile]);
  const factors = yield* directory.secondFactors(profile.sub).pipe(Effect.mapError(providerUnavailable));
  const secondFactors = factors === "absent" ? [] : factors;
  return { profile, kept, etag, account: person === undefined ? null : { ...person, secondFactors } };
});

/** The names of the caller's own permissions, without repeats. Nobody sees those of somebody else. */
export const getPermissions = spanned("getPermissions")(function* (caller: UserId, user: UserId) {
  if (user !== caller) return yield* new NotOneself();
  const access = yield* Access;
  const names = yield* access.permissionsOf(user).pipe(Effect.mapError(databaseUnavailable));
  if (names === null) return yield* new UserNotFound({ key: user, kind: "see permissions" });
  return names;
});

/** Whether the caller has a second factor, and needs one. A machine has none, and needs none. */
export const getMfaStatus = spanned("getMfaStatus")(function* ({ sub: caller, isMachine }: Caller) {
  if (isMachine) return { enabled: false, required: false };
  const { enforceMfa } = yield* Settings;
  const directory = yield* Directory;
  const found = yield* directory.profile(caller).pipe(Effect.mapError(providerUnavailable));
  if (Option.isNone(found)) return yield* new UserNotFound({ key: caller, kind: "reset_mfa" });
  return { enabled: found.value.totp, required: enforceMfa };
});

/** The part of a request's budget in which the pool is walked; the rest is for what follows. */
const WALKING = 0.5;

/** Calls that a request makes beside those to the pool, at the most. */
const OTHER_CALLS = 5;

/**
 * One numbered page. Where the whole pool can be read in a part of the budget: sorted by address, and `total` says how
 * many users match. Where it cannot: in the pool's own order, and `next` is the cursor that continues after the page.
 */
export const numberedPage = spanned("users.numberedPage")(function* (query: {
  readonly number: number;
  readonly size: number;
  readonly search: string;
}) {
  const { sweepCalls } = yield* Settings;
  const isLike = yield* matching(query.search);
  const deadline = yield* partOfBudget(WALKING);
  const found: Array<{ readonly user: User; readonly token: string | null }> = [];
  let token: string | null = null;
  let calls = 0;
  do {
    const page: ProfilePage = yield* listed(LISTED_AT_ONCE, token);
    for (const user of page.users.filter(isLike)) found.push({ user, token });
    token = page.next;
    calls += 1;
  } while (token !== null && calls < sweepCalls - OTHER_CALLS && (yield* Clock.currentTimeMillis) < deadline);

  const whole = token === null;
  if (whole) found.sort(({ user: a }, { user: b }) => byAddress(a, b));
  const from = (query.number - 1) * query.size;
  const shown = found.slice(from, from + query.size);
  const people = yield* withAccounts(shown.map(({ user }) => user));
  if (whole) return { people, total: found.length, next: null };
  const last = found.length > from + query.size ? shown.at(-1) : undefined;
  const place = last === undefined ? { token, after: null } : { token: last.token, after: last.user.sub };
  return { people, total: null, next: cursorAt({ limit: LISTED_AT_ONCE, ...place }) };
});

/** The users after a cursor, in the pool's order. A search thins the page out; it does not fill it up. */
export const pageAfter = spanned("users.pageAfter")(function* (query: {
  readonly cursor: string | null;
  readonly limit: number;
  readonly search: string;
}) {
  const start = Option.some({ limit: query.limit, token: null, after: null });
  const place = Option.getOrUndefined(query.cursor === null ? start : placeOf(query.cursor));
  if (place === undefined) return yield* new UnknownCursor();
  const isLike = yield* matching(query.search);
  const page = yield* listed(place.limit, place.token);
  // Who is gone meanwhile leaves no place behind: then somebody is shown twice, and nobody is left out.
  const begin = page.users.findIndex(({ sub }) => sub === place.after) + 1;
  const found = page.users.slice(begin).filter(isLike);
  const shown = found.slice(0, query.limit);
  const people = yield* withAccounts(shown);
  const rest = page.next === null ? null : cursorAt({ ...place, token: page.next, after: null });
  const last = found.length > query.limit ? shown.at(-1) : undefined;
  return { people, next: last === undefined ? rest : cursorAt({ ...place, after: last.sub }) };
});

/** Whom a search finds: by a part of the address or, as in FLIP, of what the database has as name and organisation. */
const matching = Effect.fnUntraced(function* (search: string) {
  if (search === "") return () => true;
  const access = yield* Access;
  const named = yield* access.profilesLike(search).pipe(Effect.mapError(databaseUnavailable));
  const needle = search.toLowerCase();
  return ({ sub, email }: User): boolean => email.toLowerCase().includes(needle) || named.has(sub);
});

const byAddress = (a: User, b: User): number =>
  a.email < b.email ? -1 : a.email > b.email ? 1 : a.sub < b.sub ? -1 : 1;

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

const withAccounts = Effect.fnUntraced(function* (users: ReadonlyArray<User>) {
  const access = yield* Access;
  const settings = yield* Settings;
  const accounts = yield* access
    .accountsOf(users.map(({ sub }) => sub))
    .pipe(Effect.mapError(databaseUnavailable));
  return users.map((user) => personOf(user, accounts.get(user.sub) ?? UNKNOWN, settings));
});

const UNKNOWN: Account = {
  profile: null,
  roles: [],
  invitations: { count: 0, lastAt: null },
  disabledBy: null,
  deliveryFailed: false,
  openOperations: [],
};

/** How far a user has come, in our words. */
export type Progress =
  | "invited"
  | "active"
  | "ready"
  | "federated"
  | "password_reset_required"
  | "unconfirmed"
  | "other";

const PROGRESS: Readonly<Record<string, Progress>> = {
  FORCE_CHANGE_PASSWORD: "invited",
  CONFIRMED: "active",
  [EXTERNAL_PROVIDER]: "federated",
  RESET_REQUIRED: "password_reset_required",
  UNCONFIRMED: "unconfirmed",
};

/** How far a user has come. Where users need no password, CONFIRMED does not say whether they have signed in. */
const progressOf = (status: string, passwordless: boolean): Progress =>
  passwordless && status === "CONFIRMED" ? "ready" : (PROGRESS[status] ?? "other");

const personOf = (
  { sub, email, name, enabled, status }: User,
  { profile, roles, invitations, deliveryFailed, disabledBy, openOperations }: Account,
  { temporaryPassword, passwordless }: Pick<Deployment, "temporaryPassword" | "passwordless">,
): Person => {
  const progress = progressOf(status, passwordless);
  const { lastAt } = invitations;
  const expires =
    progress === "invited" && lastAt !== null
      ? new Date(Date.parse(lastAt) + Duration.toMillis(temporaryPassword)).toISOString()
      : null;
  return {
    id: sub,
    email,
    ...(profile === null ? name !== null && { name } : { ...profile, name: profile.name || (name ?? "") }),
    isDisabled: !enabled,
    roles,
    status: progress,
    federated: progress === "federated",
    invitations,
    temporaryPasswordExpiresAt: expires,
    disabledBy,
    deliveryFailed,
    openOperations,
  };
};
