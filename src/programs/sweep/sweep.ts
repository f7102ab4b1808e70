/**
 * The sweeper: takes up the operations that are due, a bounded batch at a time, and resolves each as far as the protocol
 * allows (resolve.ts). What cannot be resolved now is deferred, a little longer each time, and never forgotten.
 *
 * Any number of sweepers may run at once, late, or not at all for a while: an operation is leased to one of them, and
 * everything they do may be repeated.
 */
import { Cause, Clock, Duration, Effect } from "effect";
import type { Operation } from "../../domain/operation.ts";
import { withBudget } from "../../ports/budget.ts";
import type { DatabaseError } from "../../ports/database.ts";
import { Actor, Ledger } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";
import { type Resolution, resolve } from "./resolve.ts";

/** How one try of a sweep ended. `deferred`: it could not be resolved now. */
type Attempted = Resolution | "deferred";

/**
 * What one sweep saw and did. `deferred`: could not be resolved now. `open` and `needOperator`: rows still due some
 * time, and those of them that ten tries could not resolve; null where the ledger did not answer any more.
 */
export interface Summary extends Record<Attempted, number> {
  readonly leased: number;
  readonly open: number | null;
  readonly needOperator: number | null;
  readonly keysExpired: number | null;
  readonly milliseconds: number;
}

const NONE: Record<Attempted, number> = {
  rolled_back: 0,
  completed: 0,
  user_lost: 0,
  missing: 0,
  grace_ended: 0,
  change_done: 0,
  waiting: 0,
  deferred: 0,
};

/** Workers allow six connections at a time; each operation uses one after the other. */
const CONCURRENCY = 6;

/** Milliseconds one operation may take before the next has its turn. */
const OPERATION_BUDGET_MS = 15_000;

/** Runs one sweep. Fails only where the ledger cannot be read at all; what was done before it fell silent counts. */
export const sweep = Effect.fn("sweep")(
  function* () {
    const { sweepBatch, sweepTime } = yield* Settings;
    const startedAt = yield* Clock.currentTimeMillis;
    const counts = { ...NONE };

    let leased = 0;
    let batch = yield* take(sweepBatch);
    while (batch.length > 0) {
      leased += batch.length;
      for (const end of yield* Effect.forEach(batch, resolveOne, { concurrency: CONCURRENCY }))
        counts[end] += 1;
      const late = (yield* Clock.currentTimeMillis) - startedAt > Duration.toMillis(sweepTime);
      batch = late ? [] : yield* Effect.catch(take(sweepBatch - leased), silent([]));
    }

    const ledger = yield* Ledger;
    const unknown = { open: null, needOperator: null, keysExpired: null };
    const counted = yield* Effect.catch(ledger.expireKeys(), silent(unknown));
    const milliseconds = (yield* Clock.currentTimeMillis) - startedAt;
    const summary: Summary = { leased, ...counts, ...counted, milliseconds };
    yield* Effect.logInfo("sweep finished").pipe(Effect.annotateLogs({ summary }));
    return summary;
  },
  Effect.provideService(Actor, "sweeper"),
);

/** No more than are worked on at once: what is leased and not begun would only wait for its lease to end. */
const take = Effect.fnUntraced(function* (atMost: number) {
  const ledger = yield* Ledger;
  return atMost > 0 ? yield* ledger.lease(Math.min(CONCURRENCY, atMost)) : [];
});

const silent =
  <A>(instead: A) =>
  (error: DatabaseError) =>
    Effect.as(Effect.logWarning("the ledger fell silent during the sweep", error), instead);

/** Resolves one operation; whatever goes wrong with it is noted in its row and does not touch the others. */
const resolveOne = (operation: Operation) =>
  Effect.catchCause(resolveNow(operation), () => Effect.succeed("deferred" as const));

/** Resolves one operation, or notes in its row why that cannot be now, and fails. */
export const resolveNow = (operation: Operation) =>
  resolve(operation).pipe(
    withBudget(OPERATION_BUDGET_MS),
    Effect.tapCause((cause) => defer(operation, cause)),
    Effect.annotateLogs({ operationId: operation.id }),
  );

const defer = Effect.fn("sweep.defer")(function* (registration: Operation, cause: Cause.Cause<Failure>) {
  const ledger = yield* Ledger;
  const { state, tries } = registration;
  yield* Effect.logWarning("an operation could not be resolved", cause).pipe(
    Effect.annotateLogs({ state, tries }),
  );
  const reason = describe(cause);
  yield* Effect.ignore(ledger.defer(registration, reason, reason === "NeedsOperator"));
});

type Failure = { readonly _tag: string; readonly inAWord?: string };

/** The failure in a word for the ledger: which call or statement, and its name there. Never a provider's text. */
const describe = (cause: Cause.Cause<Failure>) => {
  const [failure] = cause.reasons.filter(Cause.isFailReason);
  return failure === undefined ? "Defect" : (failure.error.inAWord ?? failure.error._tag);
};
