/**
 * The guarantee, as a program: a user is registered in Cognito and in Postgres, or nothing of him is left, or the
 * registration stands open in the ledger and the sweeper finishes it.
 *
 *   open     writes the registration down before Cognito is touched
 *   create   acquires the user: one create, outcomeUnknown is read back
 *   commit   uses him: one statement writes the audit row, outcomeUnknown is fenced so that it cannot land later
 *   remove   releases him unless the commit is certain: by the sub that create returned, nobody else ever
 *
 * docs/protocol.md is the law that it follows.
 */
import { Cause, Effect, Exit, Option, Result, Schema } from "effect";
import { CleanupRequired, type RegistrationError, RegistrationRolledBack } from "../../domain/errors.ts";
import { type Registered, type RegisterUser, type Registration, State } from "../../domain/operation.ts";
import { UserId } from "../../domain/user.ts";
import { withinBudget } from "../../ports/budget.ts";
import { onceMore } from "../../ports/database.ts";
import { IdentityProvider, type PoolUser } from "../../ports/identity-provider.ts";
import { Ledger } from "../../ports/ledger.ts";
import { create } from "./create.ts";
import { open } from "./open.ts";

/** Registers a user, or fails with the one typed error that says what the caller has to hear. */
export const register = Effect.fn("register")(function* (command: RegisterUser) {
  const opened = yield* open(command);
  if (opened._tag === "Replayed") return opened.answer;
  const { registration } = opened;

  const userId = yield* Effect.acquireUseRelease(
    create(registration),
    (user) => commit(registration, user),
    (user, exit) => (Exit.isSuccess(exit) ? Effect.void : remove(registration, user, exit)),
  ).pipe(Effect.catchCause((cause) => Effect.failCause(toError(registration, cause))));

  return { registration, userId, replayed: false } satisfies Registered as Registered;
});

/** The audit row is not there, or nobody knows. `fenced`: what was read after shutting a late commit out. */
class NotCommitted extends Schema.TaggedError<NotCommitted>()("NotCommitted", {
  sub: UserId,
  fenced: Schema.Option(State),
  cause: Schema.Defect(),
}) {}

/** The user was not deleted, or nobody knows. */
class NotRemoved extends Schema.TaggedError<NotRemoved>()("NotRemoved", { cause: Schema.Defect() }) {}

const isRegistered = Option.exists<State>((state) => state === "registered" || state === "completed");

const commit = Effect.fn("register.commit")(function* (
  registration: Registration,
  user: PoolUser,
): Effect.fn.Return<UserId, NotCommitted, Ledger> {
  const ledger = yield* Ledger;
  const outcome = yield* Effect.result(ledger.commit(registration.id, user.sub).pipe(Effect.retry(onceMore)));
  if (Result.isSuccess(outcome) && outcome.success) return user.sub;

  const fenced = yield* fence(registration);
  if (isRegistered(fenced)) return user.sub;
  const cause = Result.isFailure(outcome)
    ? outcome.failure
    : new Error("the registration was not `started` any more");
  return yield* new NotCommitted({ sub: user.sub, fenced, cause });
});

/** Shuts a late commit out. None: the ledger did not answer, so a commit may have landed, or may still. */
const fence = Effect.fn("register.fence")(function* (registration: Registration) {
  const ledger = yield* Ledger;
  return yield* ledger.fence(registration.id).pipe(
    Effect.repeat({ times: 2, while: (state) => state === "started" }),
    Effect.map(Option.liftPredicate((state: State) => state !== "started")),
    Effect.catch((error) =>
      Effect.as(Effect.logWarning("the fence is uncertain", error), Option.none<State>()),
    ),
  );
});

const remove = Effect.fn("register.remove")(function* (
  registration: Registration,
  user: PoolUser,
  exit: Exit.Failure<UserId, NotCommitted>,
) {
  const identity = yield* IdentityProvider;
  const ledger = yield* Ledger;
  const failure = Cause.findErrorOption(exit.cause);
  const fenced = Option.isSome(failure) ? failure.value.fenced : yield* fence(registration);
  if (isRegistered(fenced)) return;
  // Unfenced, a delete is right only while no other may have believed in the commit: before the budget is over.
  if (Option.isNone(fenced) && !(yield* withinBudget)) {
    return yield* new NotRemoved({ cause: new Error("the budget is over, and the commit may have landed") });
  }
  yield* identity.remove(user.sub).pipe(Effect.mapError((cause) => new NotRemoved({ cause })));
  yield* ledger
    .markRolledBack(registration.id, { consumed: true, sub: user.sub })
    .pipe(Effect.catch((error) => Effect.logWarning("removed, but not settled; the sweeper will", error)));
});

/** What the caller has to hear of a failure. A release that failed, and a bug, leave the registration to the sweeper. */
const toError = (
  { id: operationId, kind }: Registration,
  cause: Cause.Cause<RegistrationError | NotCommitted | NotRemoved>,
): Cause.Cause<RegistrationError> => {
  if (Cause.hasInterruptsOnly(cause)) return Cause.fromReasons(cause.reasons.filter(Cause.isInterruptReason));
  const failures = cause.reasons.filter(Cause.isFailReason).map(({ error }) => error);
  const failed = {
    operationId,
    cause,
    ...failures
      .filter((error) => error._tag === "NotCommitted")
      .map(({ sub }) => ({ user: { sub, kind } }))[0],
  };
  if (Cause.hasDies(cause) || failures.some(({ _tag }) => _tag === "NotRemoved")) {
    return Cause.fail(new CleanupRequired(failed));
  }
  const [failure] = failures;
  return failure === undefined || failure._tag === "NotCommitted" || failure._tag === "NotRemoved"
    ? Cause.fail(new RegistrationRolledBack(failed))
    : Cause.fail(failure);
};
