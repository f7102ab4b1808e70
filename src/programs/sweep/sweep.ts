/**
 * The sweeper: takes up the operations that are due, the most urgent first and a few at a time, until its time or its
 * calls are used up, and resolves each as far as the protocol allows (resolve.ts). What cannot be resolved now is deferred,
 * a little longer each time, and never forgotten. A row that cannot be read is set aside for an operator.
 *
 * Each lease asks for the next sweep, for when the ledger is due again (ports/wake-up.ts). Where nothing is due, a sweep is
 * one statement.
 *
 * Any number of sweepers may run at once, late, or not at all for a while: an operation is leased to one of them, and
 * everything they do may be repeated.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { type AnyOperation, isDecodable, type Operation, type Undecodable } from "../../domain/operation.ts";
import { Awake, Calls, withBudget } from "../../ports/budget.ts";
import type { DatabaseError } from "../../ports/database.ts";
import { Actor, type Lease, Ledger } from "../../ports/ledger.ts";
import { Settings } from "../../ports/settings.ts";
import { spanned } from "../../ports/trace.ts";
import { sweepWhenDue } from "../../ports/wake-up.ts";
import { type Resolution, resolve } from "./resolve.ts";

/** How one try of a sweep ended. `deferred`: it could not be resolved now. `undecodable`: its row cannot be read. */
type Attempted = Resolution | "deferred" | "undecodable";

/**
 * What one sweep saw and did. `deferred`: could not be resolved now. `open` and `needOperator`: rows still due some
 * time, and those of them that ten tries could not resolve; null where the ledger did not answer any more. `more`: its time or its
 * calls were used up before it had seen that nothing else is due, or there is more to forget. `calls`: remote calls that it
 * has made.
 */
export interface Summary extends Record<Attempted, number> {
  readonly leased: number;
  readonly open: number | null;
  readonly needOperator: number | null;
  readonly keysExpired: number | null;
  readonly addressesForgotten: number | null;
  readonly operationsDeleted: number | null;
  readonly more: boolean;
  readonly calls: number;
  readonly milliseconds: number;
}

const NONE: Record<Attempted, number> = {
  rolled_back: 0,
  completed: 0,
  user_lost: 0,
  missing: 0,
  grace_ended: 0,
  change_done: 0,
  change_refused: 0,
  waiting: 0,
  deferred: 0,
  undecodable: 0,
};

const NOTHING = { keysExpired: 0, addressesForgotten: 0, operationsDeleted: 0, more: false };

const UNKNOWN = { keysExpired: null, addressesForgotten: null, operationsDeleted: null, more: false };

/** Workers allow six connections at a time; each operation uses one after the other. */
const CONCURRENCY = 6;

/** Remote calls that one operation makes at the most, each of those that may be repeated counted twice. */
const CALLS_OF_ONE = 12;

/** The lease before the next operations, and what is forgotten at the end. */
const CALLS_BESIDE = 2;

/** Milliseconds one operation may take before the next has its turn. */
const OPERATION_BUDGET_MS = 15_000;

/** When a ledger that could not be read is asked again, in milliseconds. */
const AGAIN_MS = 60_000;

/** What is known of a ledger that has fallen silent. */
const SILENT = { operations: [], open: null, needOperator: null, toForget: false } as const;

/** Runs one sweep. Fails only where the ledger cannot be read at all; what was done before it fell silent counts. */
export const sweep = spanned("sweep")(
  function* () {
    const ledger = yield* Ledger;
    const { sweepCalls, sweepTime } = yield* Settings;
    const calls = yield* Calls;
    const startedAt = yield* Clock.currentTimeMillis;
    const counts = { ...NONE };

    // No more than are worked on at once: what is leased and not begun would only wait for its lease to end.
    const room = Effect.map(Clock.currentTimeMillis, (now) => {
      if (now - startedAt > Duration.toMillis(sweepTime)) return 0;
      return Math.min(CONCURRENCY, Math.floor((sweepCalls - CALLS_BESIDE - calls.made) / CALLS_OF_ONE));
    });

    let leased = 0;
    let lease: Lease | typeof SILENT = yield* ledger.lease(yield* room);
    while (lease.operations.length > 0) {
      leased += lease.operations.length;
      for (const end of yield* Effect.forEach(lease.operations, resolveOne, { concurrency: CONCURRENCY }))
        counts[end] += 1;
      const atMost = yield* room;
      if (atMost < 1) break;
      lease = yield* Effect.catch(ledger.lease(atMost), silent(SILENT));
    }
    const { operations, open, needOperator, toForget } = lease;
    const forgetting = toForget ? Effect.catch(ledger.expire(), silent(UNKNOWN)) : Effect.succeed(NOTHING);
    const { more: moreToForget, ...forgotten } = yield* forgetting;
    const more = operations.length > 0 || moreToForget;
    const milliseconds = (yield* Clock.currentTimeMillis) - startedAt;
    const counted = { open, needOperator, ...forgotten, more, calls: calls.made, milliseconds };
    const summary: Summary = { leased, ...counts, ...counted };
    yield* Effect.logInfo("sweep finished").pipe(Effect.annotateLogs({ summary }));
    if (more) yield* sweepWhenDue(0);
    return summary;
  },
  Effect.tapError(() => sweepWhenDue(AGAIN_MS)),
  Effect.provideService(Actor, "sweeper"),
  (swept) =>
    Effect.suspend(() =>
      swept.pipe(Effect.provideService(Calls, { made: 0 }), Effect.provideService(Awake, { known: false })),
    ),
);

const silent =
  <A>(instead: A) =>
  (error: DatabaseError) =>
    Effect.as(Effect.logWarning("the ledger fell silent during the sweep", error), instead);

/** Resolves one operation; whatever goes wrong with it is noted in its row and does not touch the others. */
const resolveOne = (operation: AnyOperation) =>
  isDecodable(operation)
    ? Effect.catchCause(resolveNow(operation), () => Effect.succeed("deferred" as const))
    : setAside(operation);

/** Calls an operator to a row that nobody can read. */
const setAside = spanned("sweep.setAside")(function* ({ id, unreadable }: Undecodable) {
  const ledger = yield* Ledger;
  yield* Effect.logError("an operation cannot be read").pipe(
    Effect.annotateLogs({ operationId: id, unreadable }),
  );
  yield* Effect.ignore(ledger.setAside(id));
  return "undecodable" as const;
});

/** Resolves one operation, or notes in its row why that cannot be now, and fails. */
export const resolveNow = (operation: Operation) =>
  resolve(operation).pipe(
    withBudget(OPERATION_BUDGET_MS),
    Effect.tapCause((cause) => defer(operation, cause)),
    Effect.annotateLogs({ operationId: operation.id }),
  );

const defer = spanned("sweep.defer")(function* (registration: Operation, cause: Cause.Cause<Failure>) {
  const ledger = yield* Ledger;
  const { state, tries } = registration;
  yield* Effect.logWarning("an operation could not be resolved", cause).pipe(
    Effect.annotateLogs({ state, tries }),
  );
  const reason = describe(cause);
  yield* Effect.ignore(ledger.defer(registration, reason, isForOperator(cause)));
});

/** What no further try can help: a person has to say whose a user is, or to mend the deployment. */
const isForOperator = (cause: Cause.Cause<Failure>): boolean =>
  cause.reasons
    .filter(Cause.isFailReason)
    .some(({ error }) => error._tag === "NeedsOperator" || error.reason?._tag === "Misconfigured");

type Failure = {
  readonly _tag: string;
  readonly inAWord?: string;
  readonly reason?: { readonly _tag: string };
};

/** The failure in a word for the ledger: which call or statement, and its name there. Never a provider's text. */
const describe = (cause: Cause.Cause<Failure>) => {
  const [failure] = cause.reasons.filter(Cause.isFailReason);
  return failure === undefined ? "Defect" : (failure.error.inAWord ?? failure.error._tag);
};
