/**
 * The one place that turns a `sub` into the pool's user name: every change of a user goes through here.
 *
 * Cognito takes a `sub` where it asks for a user name, but only for local users, and only where nobody carries it as a
 * user name. So the `sub` of each answer is compared before anything is done, and somebody is absent only where
 * AdminGetUser and ListUsers both find nobody: a user of another identity provider (`Google_123`) is found by the second
 * alone. ListUsers may lag, so whom it names is read again by that name.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
 */
import {
  AdminGetUserCommand,
  ListUsersCommand,
  type UserType,
} from "@aws-sdk/client-cognito-identity-provider";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { UserId } from "../../domain/user.ts";
import { EXTERNAL_PROVIDER } from "../../ports/directory.ts";
import {
  IdentityProviderError,
  type KnownUser,
  OutcomeUnknown,
  type PoolUser,
} from "../../ports/identity-provider.ts";
import { spanned } from "../../ports/trace.ts";
import { attributeOf, type CognitoClient, isAbsent, sendTwice } from "./client.ts";

/** A user as AdminGetUser shows them. */
export interface Seen extends PoolUser {
  readonly username: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly name: string | null;
  readonly enabled: boolean;
  readonly status: string;
  /** The second factors that are switched on: `UserMFASettingList`. */
  readonly factors: ReadonlyArray<string>;
}

/** A user as ListUsers shows them, which may lag. `since`: when they were made, in milliseconds. */
interface Listed extends Omit<Seen, "factors"> {
  readonly since: number;
}

/** How many pages of an answer for one `sub` are read: a filter may leave a page empty and go on. */
const PAGES_MAX = 5;

/** How often a user is looked up whom Cognito then does not find by the name that it gave. */
const LOOKS_MAX = 2;

/** An answer, or several together, that no such call has: they prove nothing. */
export const contradiction = (operation: IdentityProviderError["operation"], message: string) =>
  new IdentityProviderError({ operation, reason: new OutcomeUnknown(), cause: new Error(message) });

/** What Cognito's two shapes of a user both hold: `Attributes` of a list, `UserAttributes` of one who is looked up. */
export const shown = (
  user: Pick<UserType, "Enabled" | "UserStatus">,
  attributes: UserType["Attributes"],
): Pick<Seen, "email" | "emailVerified" | "name" | "enabled" | "status"> => ({
  email: attributeOf(attributes, "email") ?? "",
  emailVerified: attributeOf(attributes, "email_verified") === "true",
  name: attributeOf(attributes, "name") ?? null,
  enabled: user.Enabled ?? true,
  status: user.UserStatus ?? "UNKNOWN",
});

export const makePeople = ({ UserPoolId, call, toUser, isNamedById }: CognitoClient["Service"]) => {
  /** Whoever has this user name, alias or `sub`. The caller compares whom they wanted. */
  const read = spanned("Cognito.read")(
    function* (name: string) {
      const command = new AdminGetUserCommand({ UserPoolId, Username: name });
      const user = yield* call("find", (client, options) => client.send(command, options));
      const seen: Seen = {
        ...(yield* toUser("find", user.Username, user.UserAttributes)),
        ...shown(user, user.UserAttributes),
        factors: user.UserMFASettingList ?? [],
      };
      return Option.some(seen);
    },
    sendTwice,
    Effect.catchIf(isAbsent, () => Effect.succeed(Option.none<Seen>())),
  );

  /** All users that a filter finds. */
  const list = spanned("Cognito.list")(function* (filter: string) {
    const found: Array<Listed> = [];
    let next: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const command = new ListUsersCommand({
        UserPoolId,
        Filter: filter,
        ...(next !== undefined && { PaginationToken: next }),
      });
      const answer = yield* call("find", (client, options) => client.send(command, options)).pipe(sendTwice);
      if (!Array.isArray(answer.Users)) return yield* contradiction("find", "the answer holds no users");
      for (const user of answer.Users) {
        const names = yield* toUser("find", user.Username, user.Attributes);
        found.push({
          ...names,
          ...shown(user, user.Attributes),
          since: user.UserCreateDate?.getTime() ?? 0,
        });
      }
      next = answer.PaginationToken;
      if (next === undefined) return found;
    }
    return yield* contradiction("find", "the answer does not end");
  });

  /** The user with this `sub`, whatever the pool calls them. None: AdminGetUser and ListUsers both find nobody. */
  const bySub = spanned("Cognito.bySub")(function* (sub: UserId) {
    const own = yield* read(sub);
    if (Option.exists(own, (user) => user.sub === sub)) return own;
    const listed = (yield* list(`sub = "${sub}"`)).find((user) => user.sub === sub);
    // By the `sub` itself nobody was found just now: the list is older than that.
    if (listed === undefined || listed.username === sub) return Option.none<Seen>();
    const named = yield* read(listed.username);
    return Option.filter(named, (user) => user.sub === sub);
  });

  /**
   * The local users who have this address, in any spelling, the first that was made before the others. ListUsers compares
   * addresses without regard to case, and may lag: whom it shows is read again.
   */
  const havingAddress = spanned("Cognito.havingAddress")(function* (address: string) {
    const email = address.toLowerCase();
    const hasIt = (user: Omit<Seen, "factors">) =>
      user.email.toLowerCase() === email && user.status !== EXTERNAL_PROVIDER;
    const listed = (yield* list(`email = "${email.replace(/["\\]/g, "\\$&")}"`)).filter(hasIt);
    const found: Array<Seen> = [];
    for (const { username, sub } of listed.sort((one, two) => one.since - two.since)) {
      const now = yield* read(username);
      if (Option.isSome(now) && now.value.sub === sub && hasIt(now.value)) found.push(now.value);
    }
    return found;
  });

  /**
   * Who has this address: by it, where it is a name that the pool knows; else the first of those who have it, in the very
   * spelling before others. A user name that is an address, of somebody who has another, does not count.
   */
  const byAddress = spanned("Cognito.byAddress")(function* (address: string) {
    const named = yield* read(address);
    if (!isNamedById) return named;
    if (Option.exists(named, ({ email }) => email.toLowerCase() === address.toLowerCase())) return named;
    const holders = yield* havingAddress(address);
    return Option.fromNullishOr(holders.find(({ email }) => email === address) ?? holders[0]);
  });

  /**
   * Does something to the user with this `sub`, by the pool's user name; the name that is known is looked up first, and
   * whoever has another `sub` by then is somebody else. `absent`: the look-up finds nobody, also after
   * Cognito did not find the name. It is done again where it was not found, so it must have had no effect then.
   */
  const act = Effect.fnUntraced(function* <A>(
    operation: IdentityProviderError["operation"],
    { sub, username = null }: KnownUser,
    how: (user: Seen) => Effect.Effect<A, IdentityProviderError>,
  ) {
    for (let look = 0; look < LOOKS_MAX; look++) {
      const named = look === 0 && username !== null ? yield* read(username) : Option.none<Seen>();
      const user = Option.exists(named, (seen) => seen.sub === sub) ? named : yield* bySub(sub);
      if (Option.isNone(user)) return "absent" as const;
      const done = yield* how(user.value).pipe(
        Effect.map(Option.some),
        Effect.catchIf(isAbsent, () => Effect.succeed(Option.none<A>())),
      );
      if (Option.isSome(done)) return done.value;
    }
    if (Option.isNone(yield* bySub(sub))) return "absent" as const;
    return yield* contradiction(operation, "the pool does not find a user whom it shows");
  });

  return { read, bySub, byAddress, havingAddress, act };
};
