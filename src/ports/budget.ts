/**
 * How long the work in hand may still take. A worker re-checks it before it sends anything that others could no
 * longer undo; every remote call is cut to what is left of it.
 */
import { Clock, Context, Duration, Effect } from "effect";

/** Milliseconds on the Clock at which the budget ends. Counted from before the first statement is sent. */
export const Budget = Context.Reference<number>("registrar/Budget", {
  defaultValue: () => Number.POSITIVE_INFINITY,
});

/** What a cleanup may still take when the budget is over, in milliseconds. */
const GRACE_MS = 1_000;

/** Runs an effect with a budget of so many milliseconds, starting now. */
export const withBudget =
  (milliseconds: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.provideService(effect, Budget, now + milliseconds),
    );

/** Whether there is budget left. */
export const withinBudget: Effect.Effect<boolean> = Effect.gen(function* () {
  return (yield* Clock.currentTimeMillis) < (yield* Budget);
});

/** The time limit of one call, in milliseconds: its own, or what is left of the budget. */
export const callTimeout = Effect.fnUntraced(function* (limit: Duration.Duration) {
  const left = (yield* Budget) - (yield* Clock.currentTimeMillis);
  return Math.min(Duration.toMillis(limit), Math.max(left, GRACE_MS));
});
