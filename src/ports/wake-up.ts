/**
 * Somebody who sweeps at a time that was named: so that nobody has to ask the ledger every minute what is due.
 *
 * What a statement makes due is swept soon after, because the sweeper is asked for before the statement is answered. Where
 * that cannot be, nothing is lost: the backstop sweeps now and then, whoever was asked or not.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

/** A sweep has to begin in it: milliseconds on the Clock. */
export interface Window {
  readonly from: number;
  readonly until: number;
}

/** Nobody is known to come. */
export class WakeUpFailed extends Schema.TaggedError<WakeUpFailed>()("WakeUpFailed", {
  cause: Schema.Defect(),
}) {}

/**
 * Sees to it that a sweep begins in the window, and answers when that is certain, or known not to be; each adapter has a
 * time limit of its own. Where nobody provides it, nobody comes but the backstop.
 */
export const WakeUp = Context.Reference<(window: Window) => Effect.Effect<void, WakeUpFailed>>(
  "registrar/WakeUp",
  { defaultValue: () => () => Effect.void },
);

/** The first of these times that is in the window: then nobody else has to be asked. */
export const timeIn = (times: ReadonlyArray<number>, { from, until }: Window): number | undefined =>
  times.find((time) => from <= time && time <= until);

/** Windows end on a multiple of so many milliseconds: what is due at about the same time is swept once. */
const GRAIN_MS = 2_000;

/** How much later by the database's clock a statement may begin than it was sent, in milliseconds, and be swept in time. */
const LATENESS_MS = 1_000;

const endOf = (time: number): number => Math.ceil(time / GRAIN_MS) * GRAIN_MS;

const ask = Effect.fnUntraced(function* (window: Window) {
  const wakeUp = yield* WakeUp;
  yield* Effect.catchCause(wakeUp(window), (cause) =>
    Effect.logWarning("nobody is asked to sweep: the backstop does", cause),
  );
});

/** For what the ledger has already: a sweep as soon as it is due, so many milliseconds from now. */
export const sweepWhenDue = Effect.fnUntraced(function* (milliseconds: number) {
  const now = yield* Clock.currentTimeMillis;
  yield* ask({ from: now, until: endOf(now + Math.max(milliseconds, 0)) });
});

/**
 * For what a statement that is sent beside this makes due so many milliseconds after it begins. A sweep that comes before
 * that may not see it, and does not count.
 */
export const sweepAfter = Effect.fnUntraced(function* (milliseconds: number) {
  const due = (yield* Clock.currentTimeMillis) + milliseconds;
  yield* ask({ from: due, until: endOf(due + LATENESS_MS) });
});
