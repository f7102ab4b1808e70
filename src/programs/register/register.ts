/**
 * The guarantee, as a program: a user is registered in Cognito and in Postgres, or nothing of the registration is
 * left, or the registration stays open in the ledger and the sweeper finishes it.
 *
 *   open        writes the registration to the ledger before Cognito is called
 *   create      acquires the user: one create; an unknown outcome is read back
 *   commit      uses the user: one statement writes the audit row; an unknown outcome is fenced, so that it cannot land
 *   compensate  releases the user unless the commit is certain: by the `sub` that the create returned, and no other
 *
 * Cognito's user is the resource of `acquireUseRelease`. Nothing interrupts a registration in a Worker, so what the
 * pattern gives here is structure: whatever way `commit` ends, a defect included, its release runs and sees how it ended.
 *
 * docs/protocol.md is the protocol that this program follows.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Result from "effect/Result";
import { CleanupRequired, type RegistrationError, RegistrationRolledBack } from "../../domain/errors.ts";
import type { Registered, RegisterUser, Registration } from "../../domain/operation.ts";
import { inBackground } from "../../ports/background.ts";
import { onceMore } from "../../ports/database.ts";
import { IdentityProvider, type PoolUser } from "../../ports/identity-provider.ts";
import { Ledger } from "../../ports/ledger.ts";
import { spanned } from "../../ports/trace.ts";
import {
  compensate,
  fence,
  isRegistered,
  type NotClosed,
  NotCommitted,
  type NotRemoved,
} from "./compensate.ts";
import { create, unlessHeld, unlessRegistered } from "./create.ts";
import { finishInBackground } from "./finish.ts";
import { open } from "./open.ts";

/** Registers a user, or fails with the one typed error that says what the caller hears. */
export const register = spanned("register")(function* (command: RegisterUser) {
  const identity = yield* IdentityProvider;
  // Beside the opening: a registration stays at three calls in a row.
  const [opened, holders] = yield* Effect.all(
    [open(command), Effect.result(identity.unmetHolders(command.email))],
    { concurrency: 2 },
  );
  if (opened._tag === "Replayed") return opened.answer;
  const { registration } = opened;
  const earlier = identity.sharesAddresses ? opened.earlier : [];
  yield* unlessHeld(registration, holders);
  yield* unlessRegistered(registration, earlier);

  const { sub, username } = yield* Effect.acquireUseRelease(
    create(registration),
    (user) => commit(registration, user, identity.sharesAddresses ? earlier : null),
    (user, exit) => (Exit.isSuccess(exit) ? Effect.void : compensate(registration, user, exit)),
  ).pipe(
    Effect.catchCause((cause) =>
      Effect.failCause(toError(registration, command.idempotencyKey !== null, cause)),
    ),
  );

  return { registration, userId: sub, username, replayed: false } satisfies Registered as Registered;
});

/** Registers a user, and finishes the registration when the caller has been answered. */
export const registerUser = spanned("registerUser")(function* (command: RegisterUser) {
  const registered = yield* register(command);
  if (!registered.replayed) {
    yield* inBackground(finishInBackground(registered));
  }
  return registered;
});

const commit = spanned("register.commit")(function* (
  registration: Registration,
  user: PoolUser,
  earlier: ReadonlyArray<Registration> | null,
): Effect.fn.Return<PoolUser, NotCommitted, Ledger> {
  const ledger = yield* Ledger;
  const known = earlier === null ? null : earlier.map(({ id }) => id);
  const outcome = yield* Effect.result(
    ledger.commit(registration.id, user.sub, known).pipe(Effect.retry(onceMore)),
  );
  if (Result.isSuccess(outcome) && outcome.success) return user;

  const fenced = yield* fence(registration);
  if (isRegistered(fenced)) return user;
  const cause = Result.isFailure(outcome)
    ? outcome.failure
    : new Error("the registration was not `started` any more");
  return yield* new NotCommitted({ sub: user.sub, fenced, cause });
});

/** What the caller hears of a failure. A release that failed, and a bug, leave the registration to the sweeper. */
const toError = (
  { id: operationId, kind }: Registration,
  hasKey: boolean,
  cause: Cause.Cause<RegistrationError | NotCommitted | NotRemoved | NotClosed>,
): Cause.Cause<RegistrationError> => {
  if (Cause.hasInterruptsOnly(cause)) return Cause.fromReasons(cause.reasons.filter(Cause.isInterruptReason));
  const failures = cause.reasons.filter(Cause.isFailReason).map(({ error }) => error);
  const notCommitted = failures.find((error) => error._tag === "NotCommitted");
  // A commit that landed unseen ends as a user who is lost, and such a registration keeps its key.
  const keepsKey = failures.some(
    (error) => error._tag === "NotClosed" || (error._tag === "NotRemoved" && !error.fenced),
  );
  const failed = {
    operationId,
    cause,
    ...(notCommitted && { user: { sub: notCommitted.sub, kind } }),
    ...(hasKey && keepsKey && { needsNewKey: true }),
  };
  if (Cause.hasDies(cause) || failures.some(({ _tag }) => _tag === "NotRemoved")) {
    return Cause.fail(new CleanupRequired(failed));
  }
  const [failure] = failures;
  return failure === undefined || isOurs(failure)
    ? Cause.fail(new RegistrationRolledBack(failed))
    : Cause.fail(failure);
};

/** What commit and release fail with among themselves: nobody hears it. */
const isOurs = (
  failure: RegistrationError | NotCommitted | NotRemoved | NotClosed,
): failure is NotCommitted | NotRemoved | NotClosed =>
  failure._tag === "NotCommitted" || failure._tag === "NotRemoved" || failure._tag === "NotClosed";
