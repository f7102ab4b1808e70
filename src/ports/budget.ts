/**
 * How long the work in hand may still take. A worker re-checks it before it sends anything that others could no
 * longer undo; every remote call is cut to what is left of it.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";

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

/** Milliseconds on the Clock at which a part (0 to 1) of what is left of the budget is used up. */
export const partOfBudget = Effect.fnUntraced(function* (part: number) {
  const now = yield* Clock.currentTimeMillis;
  return now + part * ((yield* Budget) - now);
});

/** How many remote calls the work in hand has made: whoever has to know provides a count of their own. */
export const Calls = Context.Reference<{ made: number }>("registrar/Calls", {
  defaultValue: () => ({ made: 0 }),
});

/**
 * Whether the database has been asked in the work in hand. It may be asleep, so the first statement waits longer. Whoever
 * begins a request or a sweep provides a note of their own; elsewhere it counts as awake.
 */
export const Awake = Context.Reference<{ known: boolean }>("registrar/Awake", {
  defaultValue: () => ({ known: true }),
});

/** Counts one remote call. */
export const countCall: Effect.Effect<void> = Effect.map(Calls, (calls) => {
  calls.made += 1;
});

/** The time limit of one call that is about to be made, in milliseconds: its own, or what is left of the budget. */
export const callTimeout = Effect.fnUntraced(function* (limit: Duration.Duration) {
  yield* countCall;
  const left = (yield* Budget) - (yield* Clock.currentTimeMillis);
  return Math.min(Duration.toMillis(limit), Math.max(left, GRACE_MS));
});
