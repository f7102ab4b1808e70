/**
 * The second step of a registration: exactly one user in Cognito who bears this attempt's mark.
 *
 * The create is sent once. Where its outcome is unknown, or the address is taken, the address is read back and the
 * mark compared: an own user is taken, a stranger is left alone. Nothing is created again while there is doubt.
 */
import { Effect, Option, Schema } from "effect";
import {
  CleanupRequired,
  CreateRefused,
  type RegistrationError,
  RegistrationRolledBack,
  Unavailable,
  UserExists,
} from "./domain/errors.ts";
import { type Attempt, RegistrationId, type Verdict } from "./domain/Registration.ts";
import { withinBudget } from "./services/Budget.ts";
import { IdentityProvider, type IdentityProviderError, type PoolUser } from "./services/IdentityProvider.ts";
import { Registrations } from "./services/Registrations.ts";

/** `doubt`: this attempt's create may have taken effect, or may still. `again`: one more create is allowed. */
interface Circumstances {
  readonly doubt: boolean;
  readonly again: boolean;
  readonly cause: IdentityProviderError;
}

type Obtained = Effect.fn.Return<PoolUser, RegistrationError, IdentityProvider | Registrations>;

/** Creates the attempt's user, or finds that an answer was lost and he exists already. */
export const obtain = Effect.fn("obtain")(function* (attempt: Attempt, again = true): Obtained {
  const identity = yield* IdentityProvider;
  if (!(yield* withinBudget)) return yield* tryAgain(attempt);
  return yield* identity.create({ email: attempt.email, mark: attempt.id }).pipe(
    Effect.catchReasons("IdentityProviderError", {
      UserAlreadyExists: (_, cause) => readBack(attempt, { doubt: false, again, cause }),
      OutcomeUnknown: (_, cause) => readBack(attempt, { doubt: true, again: false, cause }),
      Refused: (_, cause) => reject(attempt, "create_refused", false, cause),
      Misconfigured: (_, cause) => misconfigured(attempt, cause),
      Throttled: (_, cause) => unavailable(attempt, cause),
    }),
    Effect.catchTag("IdentityProviderError", Effect.die),
  );
});

/** Reads who has the address after a create that failed, and does what his mark allows. */
const readBack = Effect.fn("obtain.readBack")(function* (
  attempt: Attempt,
  { doubt, again, cause }: Circumstances,
): Obtained {
  const identity = yield* IdentityProvider;
  const tracked = new CleanupRequired({ registrationId: attempt.id, cause });

  const answer = yield* Effect.option(identity.find(attempt.email));
  if (Option.isNone(answer)) return yield* doubt ? tracked : unavailable(attempt, cause);
  if (Option.isNone(answer.value)) return yield* doubt ? tracked : tryAgain(attempt, cause);
  const user = answer.value.value;
  if (user.mark === attempt.id) return user;
  if (doubt && !identity.marksUsers) return yield* tracked;

  switch (yield* ownerOf(user)) {
    case "unknown":
      return yield* doubt ? tracked : unavailable(attempt, cause);
    case "somebody":
      return yield* reject(attempt, "user_exists", doubt, cause);
    case "nobody": {
      if (doubt) return yield* tracked;
      const removed = yield* Effect.option(identity.remove(user.sub));
      if (Option.isNone(removed) || !again) return yield* unavailable(attempt, cause);
      return yield* obtain(attempt, false);
    }
  }
});

const isRegistrationId = Schema.is(RegistrationId);

/**
 * Whose user this is, by his mark. Nobody's: the attempt that created him has ended without him, and his create
 * landed late. A mark that this ledger does not know (another deployment's) is somebody's.
 */
const ownerOf = Effect.fn("obtain.ownerOf")(function* ({ mark }: PoolUser) {
  const registrations = yield* Registrations;
  if (mark === null || !isRegistrationId(mark)) return "somebody";
  const owner = yield* Effect.option(registrations.find(mark));
  if (Option.isNone(owner)) return "unknown";
  return Option.exists(owner.value, ({ state }) => state === "rolled_back" || state === "rejected")
    ? "nobody"
    : "somebody";
});

/** Closes an attempt of which nothing can land, so that its key and its address are free for the next. */
const abandon = Effect.fn("obtain.abandon")(function* (attempt: Attempt) {
  const registrations = yield* Registrations;
  yield* bestEffort(registrations.abandon(attempt.id));
});

const tryAgain = (attempt: Attempt, cause?: IdentityProviderError) =>
  Effect.andThen(
    abandon(attempt),
    new RegistrationRolledBack({ registrationId: attempt.id, ...(cause && { cause }) }),
  );

const unavailable = (attempt: Attempt, cause: IdentityProviderError) =>
  Effect.andThen(abandon(attempt), new Unavailable({ dependency: "identity provider", cause }));

const misconfigured = (attempt: Attempt, cause: IdentityProviderError) =>
  Effect.andThen(
    abandon(attempt),
    new CreateRefused({ registrationId: attempt.id, why: "configuration", cause }),
  );

const reject = Effect.fn("obtain.reject")(function* (
  attempt: Attempt,
  verdict: Verdict,
  doubt: boolean,
  cause: IdentityProviderError,
) {
  const registrations = yield* Registrations;
  const { id: registrationId, email } = attempt;
  yield* bestEffort(registrations.reject(registrationId, verdict, doubt));
  if (verdict === "user_exists") return yield* new UserExists({ registrationId, email });
  return yield* new CreateRefused({ registrationId, why: "verdict", cause });
});

/** The answer is known whether or not the ledger hears of it now: what stays open there, the sweeper closes. */
const bestEffort = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.catch(effect, (error) => Effect.logWarning("the ledger could not be told; the sweeper will", error));
