/**
 * The release of a registration: the user that the create returned is deleted again, unless the commit is certain.
 *
 * The fence comes first. It moves the row away from `started`, so that a commit that is still on its way cannot land
 * after the deletion. Nobody is deleted but by the `sub` that this registration's own create returned.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import type * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { type Registration, State } from "../../domain/operation.ts";
import { UserId } from "../../domain/user.ts";
import { withinBudget } from "../../ports/budget.ts";
import { IdentityProvider, type PoolUser } from "../../ports/identity-provider.ts";
import { Ledger } from "../../ports/ledger.ts";
import { spanned } from "../../ports/trace.ts";

/** The audit row is not there, or that is unknown. `fenced`: the state that was read after the fence. */
export class NotCommitted extends Schema.TaggedError<NotCommitted>()("NotCommitted", {
  sub: UserId,
  fenced: Schema.Option(State),
  cause: Schema.Defect(),
}) {}

/** The user was not deleted, or that is unknown. `fenced`: whether a late commit is kept out. */
export class NotRemoved extends Schema.TaggedError<NotRemoved>()("NotRemoved", {
  fenced: Schema.Boolean,
  cause: Schema.Defect(),
}) {}

/** The user is deleted; but a commit may have landed, or may still: the ledger may keep the registration, and its key. */
export class NotClosed extends Schema.TaggedError<NotClosed>()("NotClosed", {}) {}

/** Whether the state that the fence has read says that the commit took effect. */
export const isRegistered = Option.exists<State>((state) => state === "registered" || state === "completed");

/** Keeps a late commit out. None: the ledger did not answer, so a commit may have landed, or may still. */
export const fence = spanned("register.fence")(function* (registration: Registration) {
  const ledger = yield* Ledger;
  return yield* ledger.fence(registration.id).pipe(
    Effect.repeat({ times: 2, while: (state) => state === "started" }),
    Effect.map(Option.liftPredicate((state: State) => state !== "started")),
    Effect.catch((error) =>
      Effect.as(Effect.logWarning("the outcome of the fence is unknown", error), Option.none<State>()),
    ),
  );
});

/** Deletes the user after a commit that failed, and closes the registration. `exit`: how the commit ended. */
export const compensate = spanned("register.compensate")(function* (
  registration: Registration,
  user: PoolUser,
  exit: Exit.Failure<PoolUser, NotCommitted>,
) {
  const identity = yield* IdentityProvider;
  const ledger = yield* Ledger;
  const failure = Cause.findErrorOption(exit.cause);
  const fenced = Option.isSome(failure) ? failure.value.fenced : yield* fence(registration);
  if (isRegistered(fenced)) return;
  // Without a fence a delete is right only while nobody else can have relied on the commit: within the budget.
  if (Option.isNone(fenced) && !(yield* withinBudget)) {
    const cause = new Error("the budget is over, and the commit may have landed");
    return yield* new NotRemoved({ fenced: false, cause });
  }
  yield* identity
    .remove(user)
    .pipe(Effect.mapError((cause) => new NotRemoved({ fenced: Option.isSome(fenced), cause })));
  const closed = yield* ledger
    .markRolledBack(registration.id, { consumed: true, sub: user.sub })
    .pipe(
      Effect.catch((error) =>
        Effect.logWarning("the user is deleted; the sweeper closes the registration", error).pipe(
          Effect.as(false),
        ),
      ),
    );
  if (!closed && Option.isNone(fenced)) return yield* new NotClosed();
});
