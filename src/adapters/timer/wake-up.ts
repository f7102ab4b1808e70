/**
 * Asks for the sweeper in a process of its own: a timer for the first of the times that were asked for, and for the
 * backstop. What is due in the ledger outlives the process; the times do not, so that it begins with a sweep.
 */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import { Settings } from "../../ports/settings.ts";
import { timeIn, type WakeUp, type Window } from "../../ports/wake-up.ts";

/** A timer: what is asked by `wakeUp` is done by `run`. */
export interface Timer {
  readonly wakeUp: typeof WakeUp.Service;
  /**
   * Runs one sweep after the other, each when it was asked for, at the start, and when none has begun for the time of the
   * backstop. Never ends; how a sweep ends is its own business. To be interrupted between two of them.
   */
  readonly run: <E, R>(sweep: Effect.Effect<unknown, E, R>) => Effect.Effect<never, never, R | Settings>;
}

/** Makes a timer. Nothing runs before its `run` does. */
export const makeTimer = (): Timer => {
  let times: ReadonlyArray<number> = [];
  const asked = Latch.makeUnsafe();

  const wakeUp = (window: Window) =>
    Effect.suspend(() => {
      if (timeIn(times, window) !== undefined) return Effect.void;
      times = [...times, window.until];
      return Effect.asVoid(asked.open);
    });

  const run = Effect.fnUntraced(function* <E, R>(sweep: Effect.Effect<unknown, E, R>) {
    const { backstop } = yield* Settings;
    let latest = yield* Clock.currentTimeMillis;
    while (true) {
      yield* asked.close;
      const now = yield* Clock.currentTimeMillis;
      const wait = Math.min(latest, ...times) - now;
      if (wait > 0) {
        yield* Effect.raceFirst(Effect.sleep(wait), asked.await);
        continue;
      }
      times = times.filter((time) => time > now);
      latest = now + Duration.toMillis(backstop);
      yield* Effect.uninterruptible(Effect.exit(sweep));
    }
  });

  return { wakeUp, run };
};
