/**
 * The second step of a registration: exactly one user in Cognito, with this registration's ownership tag.
 *
 * The create is sent once. Where its outcome is unknown, or the address is taken, the address is read back and the
 * tag compared: an own user is taken, a foreign user is left alone. Nothing is created again while an outcome is unknown.
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import {
  CleanupRequired,
  CreateRefused,
  type RegistrationError,
  RegistrationInProgress,
  RegistrationRolledBack,
  Unavailable,
  UserExists,
} from "../../domain/errors.ts";
import {
  isOperationId,
  type RefusalReason,
  type Registration,
  type Verdict,
} from "../../domain/operation.ts";
import type { UserId } from "../../domain/user.ts";
import { withinBudget } from "../../ports/budget.ts";
import { Directory } from "../../ports/directory.ts";
import {
  IdentityProvider,
  type IdentityProviderError,
  type PoolUser,
} from "../../ports/identity-provider.ts";
import { Ledger } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";
import { spanned } from "../../ports/trace.ts";

/** `outcomeUnknown`: this registration's create may have taken effect, or may still. `again`: one more create is allowed. */
interface Circumstances {
  readonly outcomeUnknown: boolean;
  readonly again: boolean;
  readonly cause: IdentityProviderError;
}

type Created = Effect.fn.Return<PoolUser, RegistrationError, IdentityProvider | Ledger>;

/** Creates the registration's user, or finds that an answer was lost and they exist already. */
export const create = spanned("create")(function* (registration: Registration, again = true): Created {
  const identity = yield* IdentityProvider;
  if (!(yield* withinBudget)) return yield* tryAgain(registration);
  return yield* identity.create(registration).pipe(
    Effect.catchReasons("IdentityProviderError", {
      UserAlreadyExists: (_, cause) => readBack(registration, { outcomeUnknown: false, again, cause }),
      OutcomeUnknown: (_, cause) => readBack(registration, { outcomeUnknown: true, again: false, cause }),
      Refused: ({ why }, cause) => reject(registration, "create_refused", false, cause, { reason: why }),
      Misconfigured: ({ why }, cause) => misconfigured(registration, why, cause),
      Throttled: (_, cause) => unavailable(registration, cause),
    }),
    Effect.catchTag("IdentityProviderError", Effect.die),
  );
});

/**
 * Ends the registration before anybody is created, where the pool has a user with the address whom the create would not
 * meet, or does not say: on doubt no second user is made for one mailbox. Orphans among them are deleted.
 */
export const unlessHeld = spanned("create.unlessHeld")(function* (
  registration: Registration,
  holders: Result.Result<ReadonlyArray<PoolUser>, IdentityProviderError>,
): Effect.fn.Return<void, RegistrationError, IdentityProvider | Ledger> {
  if (Result.isFailure(holders)) return yield* unavailable(registration, holders.failure);
  const identity = yield* IdentityProvider;
  for (const user of holders.success) {
    const cause = new Error("the pool has a user with the address");
    const owner = yield* ownerOf(user);
    if (owner === "somebody")
      return yield* reject(registration, "user_exists", false, cause, { userId: user.sub });
    const removed = owner === "nobody" ? yield* Effect.option(identity.remove(user)) : Option.none();
    if (Option.isNone(removed)) return yield* unavailable(registration, cause);
  }
});

/**
 * Ends the registration before anybody is created, where the ledger has registered the address for a user who still has it.
 * ListUsers lags, so whom it does not show is read by `sub`; and a read may be a horizon old, so that within a horizon of
 * their registration nobody is taken to be gone.
 */
export const unlessRegistered = spanned("create.unlessRegistered")(function* (
  registration: Registration,
  earlier: ReadonlyArray<Registration>,
): Effect.fn.Return<void, RegistrationError, Directory | Ledger | Settings> {
  const directory = yield* Directory;
  const { horizon } = yield* Settings;
  for (const { id, sub, history, readAt } of earlier) {
    if (sub === null) continue;
    const looked = yield* Effect.result(directory.profile(sub));
    if (Result.isFailure(looked)) return yield* unavailable(registration, looked.failure);
    if (Option.exists(looked.success, ({ email }) => email.toLowerCase() === registration.email)) {
      const cause = new Error("the address is registered");
      return yield* reject(registration, "user_exists", false, cause, { userId: sub });
    }
    const since = Date.parse(history.find(({ state }) => state === "registered")?.at ?? readAt);
    const left = Math.ceil((since + Duration.toMillis(horizon) - Date.parse(readAt)) / 1000);
    if (left >= 0) {
      yield* abandon(registration);
      return yield* new RegistrationInProgress({ operationId: id, retryAfter: left + 1 });
    }
  }
});

/** Reads who has the address after a create that failed, and does what the ownership tag allows. */
const readBack = spanned("create.readBack")(function* (
  registration: Registration,
  { outcomeUnknown, again, cause }: Circumstances,
): Created {
  const identity = yield* IdentityProvider;
  const ledger = yield* Ledger;
  const tracked = new CleanupRequired({ operationId: registration.id, cause });

  const answer = yield* Effect.option(whoHas(registration));
  if (Option.isNone(answer)) return yield* outcomeUnknown ? tracked : unavailable(registration, cause);
  if (Option.isNone(answer.value)) return yield* outcomeUnknown ? tracked : tryAgain(registration, cause);
  const user = answer.value.value;
  if (user.tag === registration.id) return user;
  if (outcomeUnknown && !identity.tagsUsers) {
    // Without tags only the ledger can tell: whom another registration has registered, this one's create has not made.
    const holder = yield* Effect.option(ledger.holderOf(registration, user.sub));
    if (!Option.contains(holder, "registered")) return yield* tracked;
  }

  switch (yield* ownerOf(user)) {
    case "unknown":
      return yield* outcomeUnknown ? tracked : unavailable(registration, cause);
    case "somebody":
      return yield* reject(registration, "user_exists", outcomeUnknown, cause, { userId: user.sub });
    case "nobody": {
      if (outcomeUnknown) return yield* tracked;
      const removed = yield* Effect.option(identity.remove(user));
      if (Option.isNone(removed) || !again) return yield* unavailable(registration, cause);
      return yield* create(registration, false);
    }
  }
});

/** The user of the registration, or else whoever has its address. */
const whoHas = spanned("create.whoHas")(function* (registration: Registration) {
  const identity = yield* IdentityProvider;
  const own = yield* identity.findOwn(registration);
  return Option.isNone(own) && identity.sharesAddresses ? yield* identity.find(registration.email) : own;
});

/**
 * Whose user this is, by the ownership tag. Nobody's: the registration that created them has ended without them, and its create
 * landed late. A tag that this ledger does not know (another deployment's) is somebody's.
 */
const ownerOf = spanned("create.ownerOf")(function* ({ tag }: PoolUser) {
  const ledger = yield* Ledger;
  if (tag === null || !isOperationId(tag)) return "somebody";
  const owner = yield* Effect.option(ledger.find(tag));
  if (Option.isNone(owner)) return "unknown";
  return Option.exists(owner.value, ({ state }) => state === "rolled_back" || state === "rejected")
    ? "nobody"
    : "somebody";
});

/** Closes a registration of which nothing can land, so that its key and its address are free for the next. */
const abandon = spanned("create.abandon")(function* (registration: Registration) {
  const ledger = yield* Ledger;
  yield* bestEffort(ledger.abandon(registration.id));
});

const tryAgain = (registration: Registration, cause?: IdentityProviderError) =>
  Effect.andThen(
    abandon(registration),
    new RegistrationRolledBack({ operationId: registration.id, ...(cause && { cause }) }),
  );

const unavailable = (registration: Registration, cause: Error) =>
  Effect.andThen(abandon(registration), new Unavailable({ dependency: "identity provider", cause }));

const misconfigured = (registration: Registration, reason: RefusalReason, cause: IdentityProviderError) =>
  Effect.andThen(
    abandon(registration),
    new CreateRefused({ operationId: registration.id, why: "configuration", reason, cause }),
  );

const reject = spanned("create.reject")(function* (
  registration: Registration,
  verdict: Verdict,
  outcomeUnknown: boolean,
  cause: unknown,
  { reason, userId }: { readonly reason?: RefusalReason; readonly userId?: UserId },
) {
  const ledger = yield* Ledger;
  const { id: operationId, email } = registration;
  yield* bestEffort(ledger.reject(operationId, verdict, outcomeUnknown, reason ?? null));
  if (verdict === "user_exists")
    return yield* new UserExists({ operationId, email, ...(userId && { userId }) });
  return yield* new CreateRefused({ operationId, why: "verdict", reason: reason ?? "other", cause });
});

/** The answer is known whether or not the ledger hears of it now: what stays open there, the sweeper closes. */
const bestEffort = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.catch(effect, (error) => Effect.logWarning("the ledger could not be told; the sweeper will", error));
