/**
 * The sweeper: takes up the attempts that are due, a bounded batch at a time, and settles each as far as the law
 * allows (settle.ts). What cannot be settled now is put off, a little longer each time, and never forgotten.
 *
 * Any number of sweepers may run at once, late, or not at all for a while: an attempt is leased to one of them, and
 * everything they do may be repeated.
 */
import { Cause, Clock, Effect } from "effect";
import { Config } from "./config.ts";
import type { Attempt } from "./domain/Registration.ts";
import { withBudget } from "./services/Budget.ts";
import { Actor, Registrations } from "./services/Registrations.ts";
import { type Settlement, settle } from "./settle.ts";

/** What one sweep saw and did. `deferred`: could not be settled now. `open`: attempts still due some time. */
export interface Summary extends Record<Settlement | "deferred", number> {
  readonly leased: number;
  readonly open: number;
  readonly needOperator: number;
  readonly keysForgotten: number;
  readonly milliseconds: number;
}

/** Workers allow six connections at a time; each attempt uses one after the other. */
const CONCURRENCY = 6;

/** Milliseconds one attempt may take before the next has its turn. */
const ATTEMPT_BUDGET_MS = 15_000;

/** Runs one sweep. Fails only where the ledger cannot be read at all. */
export const reconcile = Effect.fn("reconcile")(
  function* () {
    const registrations = yield* Registrations;
    const { SWEEP_BATCH, SWEEP_SECONDS } = yield* Config;
    const startedAt = yield* Clock.currentTimeMillis;
    const counts: Record<Settlement | "deferred", number> = {
      ...{ rolled_back: 0, completed: 0, user_lost: 0, missing: 0, watch_ended: 0, waiting: 0, deferred: 0 },
    };
    let leased = 0;

    const timeLeft = Effect.map(Clock.currentTimeMillis, (now) => now - startedAt < SWEEP_SECONDS * 1000);
    while (leased < SWEEP_BATCH && (yield* timeLeft)) {
      // No more than are worked on at once: what is leased and not begun would only wait for its lease to end.
      const batch = yield* registrations.lease(Math.min(CONCURRENCY, SWEEP_BATCH - leased));
      if (batch.length === 0) break;
      leased += batch.length;
      const ends = yield* Effect.forEach(batch, attend, { concurrency: CONCURRENCY });
      for (const end of ends) counts[end] += 1;
    }

    const tidied = yield* registrations.tidy();
    const milliseconds = (yield* Clock.currentTimeMillis) - startedAt;
    const summary: Summary = { leased, ...counts, ...tidied, milliseconds };
    yield* Effect.logInfo("sweep finished").pipe(Effect.annotateLogs({ summary }));
    return summary;
  },
  Effect.provideService(Actor, "sweeper"),
);

/** Settles one attempt; whatever goes wrong with it is noted in its row and does not touch the others. */
export const attend = (attempt: Attempt) =>
  settle(attempt).pipe(
    withBudget(ATTEMPT_BUDGET_MS),
    Effect.catchCause((cause) => putOff(attempt, cause)),
    Effect.annotateLogs({ registrationId: attempt.id }),
  );

const putOff = Effect.fn("reconcile.putOff")(function* (attempt: Attempt, cause: Cause.Cause<Failure>) {
  const registrations = yield* Registrations;
  const { state, tries } = attempt;
  yield* Effect.logWarning("an attempt could not be settled", cause).pipe(
    Effect.annotateLogs({ state, tries }),
  );
  const reason = describe(cause);
  yield* Effect.ignore(registrations.defer(attempt.id, reason, reason === "NeedsOperator"));
  return "deferred" as const;
});

type Failure = { readonly _tag: string; readonly reason?: { readonly _tag: string } };

/** The failure in a word for the ledger: which service, and what it proved. Never a provider's text. */
const describe = (cause: Cause.Cause<Failure>) => {
  const [failure] = cause.reasons.filter(Cause.isFailReason);
  if (failure === undefined) return "Defect";
  const { _tag, reason } = failure.error;
  return reason === undefined ? _tag : `${_tag}: ${reason._tag}`;
};
