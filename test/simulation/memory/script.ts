/**
 * A wire that follows a list of faults: the first that fits a call and has strikes left decides it. Time is the
 * Clock's, so that a late effect lands when the TestClock gets there, even after its sender is gone.
 */
import { Clock, Effect } from "effect";
import type { Call, CallName, Wire, Word } from "./wire.ts";
import type { User, World } from "./world.ts";

export interface Fault {
  readonly on: CallName;
  /** Calls to let pass first; 0 if absent. */
  readonly skip?: number;
  /** Calls to strike; 1 if absent. */
  readonly times?: number;
  /** When the call takes effect; `now` if absent. */
  readonly effect?: "now" | "never" | { readonly laterMs: number };
  /** What the caller hears: the true answer if absent, nothing at all for `hang`. */
  readonly answer?: Word | "hang" | "crash";
  /** What somebody else does just before, or just after, the call arrives (whether or not it takes effect). */
  readonly before?: (world: World) => void;
  readonly after?: (world: World) => void;
  /** Answers this instead of the truth. */
  readonly instead?: unknown;
  /** The pool as a stale read sees it. */
  readonly sees?: ReadonlyArray<User>;
  /** Milliseconds on the way. */
  readonly takesMs?: number;
}

/** A wire with its record: the name of every call that was sent, in order. */
export interface Script extends Wire {
  readonly calls: Array<CallName>;
  /** Nothing goes wrong any more. */
  readonly clear: () => void;
  /** Adds faults while the script runs. */
  readonly add: (...faults: ReadonlyArray<Fault>) => void;
}

export const scriptedWire = (world: World, ...faults: ReadonlyArray<Fault>): Script => {
  const entries = faults.map(entry);
  const calls: Array<CallName> = [];

  const send = Effect.fnUntraced(function* <A>({ operation, act }: Call<A>) {
    calls.push(operation);
    const fault = strike(entries, operation);
    const { effect = "now", answer } = fault;
    if (fault.takesMs !== undefined) yield* Effect.sleep(fault.takesMs);
    const happen = Effect.map(Clock.currentTimeMillis, (now) => {
      fault.before?.(world);
      const truth = effect === "never" ? undefined : act({ now, users: fault.sees ?? world.users });
      fault.after?.(world);
      return "instead" in fault ? fault.instead : truth;
    });
    if (typeof effect === "object") {
      yield* Effect.forkDetach(Effect.delay(happen, effect.laterMs), { startImmediately: true });
    }
    const result = typeof effect === "object" ? undefined : yield* happen;
    if (answer === "hang") return yield* Effect.never;
    if (answer === "crash") return yield* Effect.die(new Error("a bug in the service"));
    return answer === undefined ? (result as A) : yield* Effect.fail(answer);
  });

  return {
    send,
    calls,
    clear: () => void entries.splice(0),
    add: (...more) => void entries.push(...more.map(entry)),
  };
};

interface Operation {
  readonly fault: Fault;
  skip: number;
  times: number;
}

const entry = (fault: Fault): Operation => ({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });

const NONE: Omit<Fault, "on"> = {};

const strike = (entries: Array<Operation>, operation: CallName): Omit<Fault, "on"> => {
  for (const candidate of entries) {
    if (candidate.fault.on !== operation || candidate.times === 0) continue;
    if (candidate.skip > 0) {
      candidate.skip -= 1;
      continue;
    }
    candidate.times -= 1;
    return candidate.fault;
  }
  return NONE;
};
