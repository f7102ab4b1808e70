/**
 * A pool in memory. It keeps what Cognito promises and no more: one user per address, users removed and invited by
 * `sub`, a read that may answer an earlier state.
 */
import { Effect, Layer, Option, Result } from "effect";
import { countCall } from "../../../src/ports/budget.ts";
import {
  IdentityProvider,
  IdentityProviderError,
  Misconfigured,
  OutcomeUnknown,
  type PoolUser,
  Refused,
  Throttled,
  UserAlreadyExists,
} from "../../../src/ports/identity-provider.ts";
import { type Deployment, Settings } from "../../../src/ports/settings.ts";
import { type Call, directWire, type Wire, type Word } from "./wire.ts";
import { addUser, removeUser, type User, userAt, type World } from "./world.ts";

const REASONS: Record<Word, () => IdentityProviderError["reason"]> = {
  unknown: () => new OutcomeUnknown(),
  refused: () => new Refused({ why: "pool_rule" }),
  throttled: () => new Throttled(),
  misconfigured: () => new Misconfigured({ why: "credentials" }),
};

type CallName = IdentityProviderError["operation"];

const failure = (operation: CallName, reason: IdentityProviderError["reason"]) =>
  new IdentityProviderError({ operation, reason, cause: new Error(`the pool said: ${reason._tag}`) });

/** What a word from the wire is to a caller of the pool. */
export const poolFailure = (operation: CallName) => (word: Word) => failure(operation, REASONS[word]());

const shown = ({ sub, tag }: User): PoolUser => ({ sub, username: sub, tag });

/** Whom a key finds. The address of a user of another identity provider is no name. */
export const named =
  (key: string) =>
  ({ email, sub, federated }: User): boolean =>
    (email === key && !federated) || sub === key;

/** What each call is in the provider's errors. */
const OPERATIONS = {
  create: "create",
  find: "find",
  spelledOtherwise: "find",
  remove: "remove",
  invite: "invite",
} as const satisfies Record<string, CallName>;

/** The service itself, for those who do without layers. */
export const makeIdentityProvider = (
  world: World,
  wire: Wire,
  { ownershipAttribute, invitation, caseSensitive }: Deployment,
) => {
  const tagsUsers = ownershipAttribute !== null;

  const call = <A>(operation: keyof typeof OPERATIONS, about: string, act: Call<A>["act"]) =>
    countCall
      .pipe(Effect.andThen(wire.send({ operation: `identity.${operation}`, about, act })))
      .pipe(Effect.mapError(poolFailure(OPERATIONS[operation])));

  const mail = ({ sub, email, tag }: User, at: number) => world.mails.push({ sub, email, tag, at });

  return IdentityProvider.of({
    tagsUsers,

    create: ({ id, email, name }) =>
      call("create", email, ({ now }) => {
        if (userAt(world, email)) return Result.fail(failure("create", new UserAlreadyExists()));
        const user = addUser(world, email, { name, tag: tagsUsers ? id : null });
        if (invitation === "immediate") mail(user, now);
        return Result.succeed(shown(user));
      }).pipe(Effect.flatMap(Effect.fromResult)),

    find: (key) =>
      call("find", key, ({ users }) => Option.map(Option.fromNullishOr(users.find(named(key))), shown)),

    spelledOtherwise: (email) =>
      caseSensitive
        ? call("spelledOtherwise", email, ({ users }) => {
            const isOther = (user: User) =>
              user.email !== email && user.email.toLowerCase() === email && !user.federated;
            return Option.map(Option.fromNullishOr(users.find(isOther)), shown);
          })
        : Effect.succeedNone,

    remove: ({ sub }) =>
      // Like AdminDeleteUser it would take an address for a name: whoever passes one deletes whoever has it.
      call("remove", sub, ({ now }) => {
        const user = world.users.find(named(sub));
        return user !== undefined && removeUser(world, user.sub, { by: "service", at: now })
          ? ("deleted" as const)
          : ("absent" as const);
      }),

    invite: ({ sub }) =>
      call("invite", sub, ({ now, users }) => {
        const user = world.users.find(named(sub));
        if (user === undefined || !users.some(named(sub))) return "absent" as const;
        if (user.confirmed || user.federated) return "notNeeded" as const;
        mail(user, now);
        return "sent" as const;
      }),
  });
};

export const IdentityProviderMemory = (world: World, wire: Wire = directWire(world)) =>
  Layer.effect(
    IdentityProvider,
    Effect.map(Settings, (settings) => makeIdentityProvider(world, wire, settings)),
  );
