/**
 * The users of the pool with their roles, in two ways: FLIP's numbered pages, which have to walk the whole pool, and a
 * cursor, which does not.
 */
import { Effect } from "effect";
import { Unavailable, UnknownCursor } from "../domain/errors.ts";
import type { UserId } from "../domain/user.ts";
import { Access, type Role } from "../ports/access.ts";
import { withinBudget } from "../ports/budget.ts";
import { Directory, type ProfilePage } from "../ports/directory.ts";

/** A user as FLIP's clients know him. */
export interface Person {
  readonly id: UserId;
  readonly email: string;
  readonly isDisabled: boolean;
  readonly roles: ReadonlyArray<Role>;
}

type User = ProfilePage["users"][number];

/** The most that Cognito lists at once. */
export const LISTED_AT_ONCE = 60;

/** One numbered page, sorted by address. `total`: how many users match in the whole pool. */
export const numberedPage = Effect.fn("people.numberedPage")(function* (query: {
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
export const pageAfter = Effect.fn("people.pageAfter")(function* (query: {
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
  const roles = yield* access
    .rolesOf(users.map(({ sub }) => sub))
    .pipe(Effect.mapError((cause) => new Unavailable({ dependency: "database", cause })));
  return users.map(
    ({ sub, email, enabled }): Person => ({
      id: sub,
      email,
      isDisabled: !enabled,
      roles: roles.get(sub) ?? [],
    }),
  );
});
