/**
 * The times at which the sweeper is to come, in one Durable Object, and its alarm at the first of them.
 *
 * The platform runs an alarm at least once, and again where it fails, six times. Nothing rests on that: before a sweep begins
 * the next one is written down, so that one that dies is followed by another.
 * https://developers.cloudflare.com/durable-objects/api/alarms/
 */
import { timeIn, type Window } from "../../ports/wake-up.ts";

/** The storage of a Durable Object, as far as it is used here. */
export interface AlarmStorage {
  readonly kv: { get(key: string): unknown; put(key: string, value: unknown): void };
  setAlarm(time: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

/** `after`: when another sweep begins if the one that is under way does not end. */
interface Times {
  readonly asked: ReadonlyArray<number>;
  readonly after: number | null;
}

const KEY = "times";
const NONE: Times = { asked: [], after: null };

/** How long after it has begun a sweep that does not end is followed by another, in milliseconds. */
const AFTER_MS = 60_000;

/** Runs one sweep, which asks for the next one; rejects, and has said why, where it could not be run at all. */
export type Sweep = (arm: (window: Window) => Promise<unknown>) => Promise<void>;

export class Alarm {
  readonly #storage: AlarmStorage;
  readonly #sweep: Sweep;

  constructor(storage: AlarmStorage, sweep: Sweep) {
    this.#storage = storage;
    this.#sweep = sweep;
  }

  /** Sees to it that a sweep begins in the window, and answers when. */
  async arm(window: Window): Promise<number> {
    const times = this.#read();
    const known = timeIn(times.asked, window);
    await this.#write(known === undefined ? { ...times, asked: [...times.asked, window.until] } : times);
    return known ?? window.until;
  }

  /** Runs a sweep; another begins a minute later where it cannot be run. `now`: milliseconds since the epoch. */
  async ring(now: number): Promise<void> {
    const { asked } = this.#read();
    await this.#write({ asked: asked.filter((time) => time > now), after: now + AFTER_MS });
    const ended = await this.#sweep((window) => this.arm(window)).then(
      () => true,
      () => false,
    );
    if (ended) await this.#write({ ...this.#read(), after: null });
  }

  // Read, changed and written without a pause: of several who arm at once nobody overwrites another's time.
  #read(): Times {
    return (this.#storage.kv.get(KEY) as Times | undefined) ?? NONE;
  }

  /** Times and alarm are written at once, whole or not at all. */
  #write(times: Times): Promise<void> {
    this.#storage.kv.put(KEY, times);
    const first = Math.min(...times.asked, times.after ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(first) ? this.#storage.setAlarm(first) : this.#storage.deleteAlarm();
  }
}
