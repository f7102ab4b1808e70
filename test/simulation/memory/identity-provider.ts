/**
 * A pool in memory. It keeps what Cognito promises and no more: one user per address, or, where users are called by the
 * id of their registration, one user per name and any number per address; users removed and invited by `sub`, a read
 * that may answer an earlier state.
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

const shown = ({ sub, username, tag }: User): PoolUser => ({ sub, username, tag });

/** Whom a key finds. The address of a user of another identity provider is no name. */
export const named =
  (key: string) =>
  ({ email, sub, federated }: User): boolean =>
    (email === key && !federated) || sub === key;

const isCalled =
  (name: string) =>
  ({ username }: User): boolean =>
    username === name;

/** What each call is in the provider's errors. */
const OPERATIONS = {
  create: "create",
  find: "find",
  unmetHolders: "find",
  remove: "remove",
  invite: "invite",
} as const satisfies Record<string, CallName>;

/** The service itself, for those who do without layers. */
export const makeIdentityProvider = (
  world: World,
  wire: Wire,
  { ownershipAttribute, username, invitation, caseSensitive }: Deployment,
) => {
  const isNamedById = username === "operation-id";
  const tagsUsers = ownershipAttribute !== null || isNamedById;

  const call = <A>(operation: keyof typeof OPERATIONS, about: string, act: Call<A>["act"]) =>
    countCall
      .pipe(Effect.andThen(wire.send({ operation: `identity.${operation}`, about, act })))
      .pipe(Effect.mapError(poolFailure(OPERATIONS[operation])));

  const mail = ({ sub, email, tag }: User, at: number) => world.mails.push({ sub, email, tag, at });

  return IdentityProvider.of({
    tagsUsers,
    sharesAddresses: isNamedById,

    create: ({ id, email, name }) =>
      call("create", email, ({ now }) => {
        const isTaken = isNamedById ? world.users.some(isCalled(id)) : userAt(world, email) !== undefined;
        if (isTaken) return Result.fail(failure("create", new UserAlreadyExists()));
        const chosen = isNamedById ? { username: id } : {};
        const user = addUser(world, email, { name, tag: tagsUsers ? id : null, ...chosen });
        if (invitation === "immediate") mail(user, now);
        return Result.succeed(shown(user));
      }).pipe(Effect.flatMap(Effect.fromResult)),

    find: (key) =>
      call("find", key, ({ users }) => Option.map(Option.fromNullishOr(users.find(named(key))), shown)),

    findOwn: ({ id, email }) =>
      call("find", isNamedById ? id : email, ({ users }) =>
        Option.map(Option.fromNullishOr(users.find(isNamedById ? isCalled(id) : named(email))), shown),
      ),

    unmetHolders: (email) =>
      caseSensitive || isNamedById
        ? call("unmetHolders", email, ({ users }) => {
            const isUnmet = (user: User) =>
              user.email.toLowerCase() === email && !user.federated && (isNamedById || user.email !== email);
            return users.filter(isUnmet).map(shown);
          })
        : Effect.succeed([]),

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
