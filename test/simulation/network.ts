/**
 * The network of the model: every call of every program waits here until the history decides when it takes effect,
 * whether at all, and whether its answer arrives. Time moves only when the history says so.
 *
 * It keeps the assumptions of docs/protocol.md and no others: a call to the pool lands within the horizon or never;
 * a read of the pool is less than the horizon old; a statement may land at any time, long after its sender is dead.
 */
import { type Clock, Duration, Effect } from "effect";
import { ModelAlarm } from "./alarm.ts";
import { deployment } from "./machine.ts";
import type { Call, CallName, Wire, Word } from "./memory/wire.ts";
import type { User, World } from "./memory/world.ts";

/** How old an answer of AdminGetUser may be: less than the horizon. */
const STALE_MS = Number(process.env.STALE_MS ?? Duration.toMillis(deployment.horizon) - 1);

/** What changes the pool. */
const CHANGES: ReadonlySet<CallName> = new Set<CallName>([
  "identity.create",
  "identity.remove",
  "identity.invite",
  "directory.enable",
  "directory.disable",
  "directory.resetMfa",
]);

/** A call that is on its way (`sent`), or took effect and is not answered yet (`landed`). */
export interface Pending {
  readonly agent: string;
  readonly operation: CallName;
  readonly about: string;
  readonly act: Call<unknown>["act"];
  readonly resume: (effect: Effect.Effect<never, Word> | Effect.Effect<unknown>) => void;
  readonly sentAt: number;
  /** Until when it may take effect. */
  readonly deadline: number;
  stage: "sent" | "landed" | "expired";
  answer: unknown;
}

/** Looks at every effect as it happens. `run` makes it happen. */
export type Witness = (call: Late, run: () => unknown) => unknown;

/** An effect whose sender does not wait for it any more. */
export type Late = Pick<Pending, "agent" | "operation" | "about" | "act" | "deadline">;

interface Version {
  readonly from: number;
  readonly users: ReadonlyArray<User>;
}

export class Network {
  now = 0;
  readonly alarm = new ModelAlarm(deployment.backstop);
  pending: Array<Pending> = [];
  late: Array<Late> = [];
  /** Creates that were sent too early, a sentence each. */
  readonly early: Array<string> = [];
  /** How many wake-ups each agent is waiting to hear of; none that it has asked for: absent. */
  readonly #asking = new Map<string, number>();
  readonly #world: World;
  readonly #landsWithin: number;
  readonly #witness: Witness;
  readonly #versions: Array<Version> = [{ from: 0, users: [] }];

  constructor(world: World, landsWithin: number, witness: Witness) {
    this.#world = world;
    this.#landsWithin = landsWithin;
    this.#witness = witness;
  }

  /** The wire of one worker or sweeper: what it sends can be told from what others send. */
  wireOf(agent: string): Wire {
    return {
      send: <A>({ operation, about, act }: Call<A>) =>
        Effect.callback<A, Word>((resume) => {
          // Before its wake-up is certain, or known to have failed, a request changes nobody.
          if (operation === "wakeUp.arm") this.#asking.set(agent, (this.#asking.get(agent) ?? 0) + 1);
          else if (operation === "identity.create" && this.#asking.get(agent) !== 0)
            this.early.push(`${agent} creates ${about} before its wake-up is settled`);
          const mortal = CHANGES.has(operation);
          const deadline = mortal ? this.now + this.#landsWithin : Number.POSITIVE_INFINITY;
          const call = { agent, operation, about, act, deadline, sentAt: this.now };
          const waiting = { stage: "sent", answer: undefined } as const;
          this.pending.push({ ...call, ...waiting, resume: resume as Pending["resume"] });
        }),
    };
  }

  /** The call takes effect; `stale` lets a read see an earlier pool, the older the larger. */
  land(call: Late, stale = 0): unknown {
    const users = stale > 0 ? this.#earlier(stale) : this.#world.users;
    const answer = this.#witness(call, () => call.act({ now: this.now, users }));
    this.remember();
    return answer;
  }

  /** Notes the pool as it is now, for reads that will be stale. */
  remember(): void {
    if (this.#versions.at(-1)?.users === this.#world.users) return;
    this.#versions.push({ from: this.now, users: this.#world.users });
  }

  #earlier(steps: number): ReadonlyArray<User> {
    const last = this.#versions.length - 1;
    let index = last;
    while (index > 0 && last - index < steps) {
      const since = this.#versions[index]?.from ?? 0;
      if (since < this.now - STALE_MS) break;
      index -= 1;
    }
    return this.#versions[index]?.users ?? [];
  }

  /** The call is not waited for any more, but will still take effect. */
  delay(call: Late): void {
    this.late.push(call);
  }

  /** Takes the call off the list: whoever does so answers it, or nobody ever will. */
  take(call: Pending): void {
    if (call.operation === "wakeUp.arm")
      this.#asking.set(call.agent, (this.#asking.get(call.agent) ?? 1) - 1);
    this.pending.splice(this.pending.indexOf(call), 1);
  }

  /** Nothing of this agent goes on. What it has sent may still land: `lands` decides, call by call. */
  kill(agent: string, lands: (index: number) => boolean): void {
    const own = this.pending.filter((call) => call.agent === agent);
    for (const [index, call] of own.entries()) {
      this.take(call);
      if (call.stage === "sent" && lands(index)) this.delay(call);
    }
  }

  /** Time passes. What must land before the end of it lands, at the last moment that is left to it. */
  advance(milliseconds: number): void {
    const end = this.now + milliseconds;
    const waiting = this.pending.filter(({ stage, deadline }) => stage === "sent" && deadline < end);
    const dying = [...this.late.filter(({ deadline }) => deadline < end), ...waiting];
    for (const call of dying.sort((one, two) => one.deadline - two.deadline)) {
      this.now = Math.max(this.now, call.deadline);
      this.land(call);
      if ("stage" in call) call.stage = "expired";
    }
    this.late = this.late.filter(({ deadline }) => deadline >= end);
    this.now = end;
  }

  /** The clock that the programs read. They never sleep: their only schedules are immediate. */
  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => this.now,
    currentTimeMillis: Effect.sync(() => this.now),
    currentTimeNanosUnsafe: () => BigInt(this.now) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(this.now) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(this.now) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(this.now) * 1_000_000n),
    sleep: () => Effect.void,
  };
}
