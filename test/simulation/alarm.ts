/** Who wakes the sweeper in the model: the times that were asked for, and the backstop. */
import { Duration, Effect } from "effect";
import { timeIn, type Window } from "../../src/ports/wake-up.ts";

export class ModelAlarm {
  readonly #backstop: number;
  #times: ReadonlyArray<number> = [];
  #nextBackstop: number;

  constructor(backstop: Duration.Duration) {
    this.#backstop = Duration.toMillis(backstop);
    this.#nextBackstop = this.#backstop;
  }

  arm(window: Window): void {
    if (timeIn(this.#times, window) === undefined) this.#times = [...this.#times, window.until];
  }

  readonly armAtOnce = (window: Window) => Effect.sync(() => this.arm(window));

  /** When the next sweep begins, and whether only the backstop brings it. */
  next(): { readonly at: number; readonly isBackstop: boolean } {
    const at = Math.min(this.#nextBackstop, ...this.#times);
    return { at, isBackstop: at === this.#nextBackstop };
  }

  /** What has come by now. The times are forgotten, whatever becomes of the sweep. */
  ring(now: number): "nothing" | "wake-up" | "backstop" {
    const { at } = this.next();
    if (at > now) return "nothing";
    this.#times = this.#times.filter((time) => time > now);
    if (this.#nextBackstop > now) return "wake-up";
    this.#nextBackstop = now + this.#backstop;
    return "backstop";
  }
}
