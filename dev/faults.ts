/**
 * The fault switch: which call is lost, when, and what the caller hears instead; and the record of every call.
 * It decides and records only; `door.ts` carries the decision out on the socket. It never looks into an answer.
 * A list is taken whole or refused whole: a misspelt field is an error, never a fault that silently does nothing.
 */

/** The two providers a fault can stand in front of. */
export type Target = "cognito" | "database";

const targets = ["cognito", "database"] as const;
const effects = ["none", "applied"] as const;
const answers = [
  "reset",
  "close",
  "hang",
  "500",
  "503",
  "throttle",
  "garbage",
  "empty",
  "truncate",
  "error",
] as const;

/** One entry of the list. Without `answer` it only adds latency. */
export interface Fault {
  readonly target: Target;
  /** A substring of the Cognito operation or of the SQL text; `=name` is the whole operation name. Absent: every call. */
  readonly match?: string;
  /** `none`: the provider never sees the call (the default). `applied`: it completes, then the answer is lost. */
  readonly effect?: (typeof effects)[number];
  readonly answer?: (typeof answers)[number];
  /** With `answer: "error"`: the Cognito exception or the SQLSTATE (empty for none). */
  readonly code?: string;
  /** Milliseconds before the call reaches the provider. */
  readonly delayMs?: number;
  /** With `effect: "applied"`: lose the answer at once, and let the call land this many milliseconds later. */
  readonly late?: number;
  /** How many calls it hits; absent means always. */
  readonly times?: number;
  /** The chance, 0 to 1, that a matching call is hit; absent means 1. */
  readonly probability?: number;
}

/** What one call was and what became of it; times are milliseconds since the epoch. */
export interface Call {
  readonly n: number;
  readonly target: Target;
  readonly operation: string;
  readonly at: number;
  /** When the provider had carried it out; absent if it never did. */
  landedAt?: number;
  endedAt?: number;
  fault?: Fault;
}

/** What a hook is given: the call, and the request as it arrived. */
export interface Moment {
  readonly call: Call;
  readonly text: string;
  readonly body: string;
}

/** Picks calls: a string as in `Fault.match`, or a test of the operation and the text. */
export type Matcher = string | RegExp | ((operation: string, text: string) => boolean);
export type Hook = (moment: Moment) => unknown;

interface Operation {
  readonly fault: Fault;
  left: number;
}

interface Armed {
  readonly target: Target;
  readonly match: Matcher | undefined;
  readonly run: Hook;
  readonly once: boolean;
}

/** A list of faults that cannot be understood; the message names the field and is safe to show. */
export class FaultListError extends Error {}

/** One switch for both sockets. */
export class Faults {
  #entries: Operation[] = [];
  #calls: Call[] = [];
  #count = 0;
  #open: Record<Target, number> = { cognito: 0, database: 0 };
  #peak: Record<Target, number> = { cognito: 0, database: 0 };
  #hooks: Record<"before" | "after", Armed[]> = { before: [], after: [] };
  #landings = new Set<Promise<unknown>>();
  #random = generator(1);

  /** Replaces the list; an empty one clears it. */
  set(list: readonly Fault[]): void {
    this.#entries = parseFaults(list).map((fault) => ({
      fault,
      left: fault.times ?? Number.POSITIVE_INFINITY,
    }));
  }

  /** The faults that can still strike, with the `times` they have left. */
  list(): Fault[] {
    return this.#entries
      .filter((entry) => entry.left > 0)
      .map(({ fault, left }) => (fault.times === undefined ? fault : { ...fault, times: left }));
  }

  /** Lifts every fault and every hook. */
  clear(): void {
    this.#entries = [];
    this.#hooks = { before: [], after: [] };
  }

  /** Makes `probability` repeatable. */
  seed(seed: number): void {
    this.#random = generator(seed);
  }

  /** Runs when a matching call has arrived, before any fault and before the provider; returns how to disarm it. */
  before(target: Target, match: Matcher | undefined, run: Hook, options?: { once?: boolean }): () => void {
    return this.#arm("before", { target, match, run, once: options?.once ?? false });
  }

  /** Runs when a matching call has taken effect, before its answer leaves; returns how to disarm it. */
  after(target: Target, match: Matcher | undefined, run: Hook, options?: { once?: boolean }): () => void {
    return this.#arm("after", { target, match, run, once: options?.once ?? false });
  }

  calls(target?: Target): Call[] {
    return this.#calls.filter((call) => target === undefined || call.target === target);
  }

  /** Forgets the record and the peaks. */
  clearCalls(): void {
    this.#calls = [];
    this.#peak = { ...this.#open };
  }

  /** The most calls that were open at one time since the record was cleared. */
  peak(target: Target): number {
    return this.#peak[target];
  }

  /** Waits until no call is on its way to a provider, not even one that lands late. */
  async settled(): Promise<void> {
    while (this.#landings.size > 0) await Promise.allSettled(this.#landings);
  }

  /** For doors: a call has arrived. */
  open(target: Target, operation: string): Call {
    const call: Call = { n: ++this.#count, target, operation, at: now() };
    this.#calls.push(call);
    this.#peak[target] = Math.max(this.#peak[target], ++this.#open[target]);
    return call;
  }

  /** For doors: nothing more will be sent for this call. */
  close(call: Call): void {
    call.endedAt = now();
    this.#open[call.target] -= 1;
  }

  /** For doors: what happens to this call. All latencies add up; the first fault with an answer decides. */
  judge(call: Call, text: string): { delayMs: number; fault: Fault | undefined } {
    let delayMs = 0;
    let decided: Fault | undefined;
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (entry.left <= 0 || fault.target !== call.target || !matches(fault.match, call.operation, text))
        continue;
      if (fault.answer !== undefined && decided !== undefined) continue;
      if (fault.probability !== undefined && this.#random() >= fault.probability) continue;
      entry.left -= 1;
      delayMs += fault.delayMs ?? 0;
      if (fault.answer !== undefined) decided = fault;
    }
    if (decided !== undefined) call.fault = decided;
    return { delayMs, fault: decided };
  }

  /** For doors: the call is on its way to the provider. */
  landing<A>(call: Call, work: Promise<A>): Promise<A> {
    const tracked = work.then((value) => {
      call.landedAt = now();
      return value;
    });
    this.#landings.add(tracked);
    const forget = () => void this.#landings.delete(tracked);
    tracked.then(forget, forget);
    return tracked;
  }

  /** For doors: runs the armed hooks in the order they were armed. */
  async run(when: "before" | "after", moment: Moment): Promise<void> {
    for (const hook of [...this.#hooks[when]]) {
      if (hook.target !== moment.call.target) continue;
      if (!matches(hook.match, moment.call.operation, moment.text)) continue;
      if (hook.once && !this.#disarm(when, hook)) continue;
      await hook.run(moment);
    }
  }

  #arm(when: "before" | "after", hook: Armed): () => void {
    this.#hooks[when].push(hook);
    return () => void this.#disarm(when, hook);
  }

  #disarm(when: "before" | "after", hook: Armed): boolean {
    const at = this.#hooks[when].indexOf(hook);
    if (at >= 0) this.#hooks[when].splice(at, 1);
    return at >= 0;
  }
}

const now = () => performance.timeOrigin + performance.now();

function matches(match: Matcher | undefined, operation: string, text: string): boolean {
  if (match === undefined) return true;
  if (typeof match === "function") return match(operation, text);
  if (match instanceof RegExp) return match.test(text);
  return match.startsWith("=") ? operation === match.slice(1) : text.includes(match);
}

/** Repeatable numbers from 0 to 1. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const isText = (value: unknown) => typeof value === "string";
const isMillis = (value: unknown) => typeof value === "number" && value >= 0 && value <= 3_600_000;
const oneOf = (values: readonly string[]) => (value: unknown) => values.includes(value as string);
const quoted = (values: readonly string[]) => values.map((value) => `"${value}"`).join(", ");

const fields: Record<keyof Fault, [test: (value: unknown) => boolean, wanted: string]> = {
  target: [oneOf(targets), `one of ${quoted(targets)}`],
  match: [isText, "a string"],
  effect: [oneOf(effects), `one of ${quoted(effects)}`],
  answer: [oneOf(answers), `one of ${quoted(answers)}`],
  code: [isText, "a string"],
  delayMs: [isMillis, "milliseconds from 0 to 3600000"],
  late: [isMillis, "milliseconds from 0 to 3600000"],
  times: [(value) => Number.isInteger(value) && (value as number) > 0, "a whole number above 0"],
  probability: [(value) => typeof value === "number" && value >= 0 && value <= 1, "a number from 0 to 1"],
};

/** Reads a list as it came over the wire; throws `FaultListError` at the first thing it does not know. */
export function parseFaults(input: unknown): Fault[] {
  if (!Array.isArray(input)) throw new FaultListError("The faults have to be a list; [] clears it.");
  return input.map((entry: unknown, index) => {
    const refuse = (reason: string) => new FaultListError(`faults[${index}]${reason}`);
    if (typeof entry !== "object" || entry === null || Array.isArray(entry))
      throw refuse(" is not an object.");
    const fault = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
    for (const [name, value] of Object.entries(fault)) {
      const rule = Object.hasOwn(fields, name) ? fields[name as keyof Fault] : undefined;
      if (rule === undefined)
        throw refuse(`.${name} is not a known field; known are ${Object.keys(fields).join(", ")}.`);
      if (!rule[0](value)) throw refuse(`.${name} has to be ${rule[1]}.`);
    }
    const { target, effect, answer, code, late, delayMs } = fault as Partial<Fault>;
    if (target === undefined) throw refuse(`.target is missing; it has to be ${fields.target[1]}.`);
    if (answer === undefined && effect === "none") throw refuse(`.answer is missing: a lost call needs one.`);
    if (answer === undefined && delayMs === undefined)
      throw refuse(" does nothing: give it an answer or a delayMs.");
    if (answer === "error" && code === undefined) throw refuse(`.code is missing: answer "error" needs one.`);
    if (answer !== "error" && code !== undefined) throw refuse(`.code is only for answer "error".`);
    if (late !== undefined && (effect !== "applied" || answer === undefined))
      throw refuse(`.late needs effect "applied" and an answer.`);
    return fault as unknown as Fault;
  });
}
