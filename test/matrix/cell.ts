/**
 * The words of the failure matrix: which call is hit by what, and what is promised of it. A cell is data;
 * registrations.ts does it for real, table.ts prints it.
 */
import type { Fault, Target } from "../../dev/faults.ts";

/** What the caller hears, by the problem's name; `none`: nothing, `any`: it depends on who was quicker. */
export type Heard =
  | "200"
  | "try again"
  | "tracked"
  | "refused"
  | "exists"
  | "409"
  | "500"
  | "503"
  | "none"
  | "any";

/** What is in both stores in the end: the user and the audit row, nothing of the user, or only a foreign user. */
export type End = "registered" | "nothing" | "foreign user";

/** Who closed the registration: its own request, a later request for the same address, the sweeper; or there was none. */
export type Closer = "request" | "takeover" | "sweeper" | "nobody";

/** `mails` where it is not one for a registered user and none for nobody. */
export type Promised = readonly [heard: Heard, end: End, by: Closer, mails?: number];

/** What may happen to a call, as the table's columns. */
export const classes = [
  "refused",
  "throttled",
  "lost before",
  "lost after",
  "killed before",
  "killed after",
  "client gone",
] as const;
export type Class = (typeof classes)[number];

/** One call, by the fault switch's own matching. */
export interface Call {
  readonly target: Target;
  readonly match: string;
}

/** What is there before the call's own request or sweep begins. */
export type Arrangement =
  | "nothing"
  | "a foreign user has the address"
  | "a registration left its user"
  | "a registration left its user, and is stale"
  | "a registration left its user, and another's key is old"
  | "registered, not invited, its request gone"
  | "registered, then removed by hand"
  | "registered, removed, and missed once"
  | "rolled back, then the create landed late"
  | "rolled back, the create landed late, the grace period is over";

/** One row: a call, how it comes about, and what is promised for each class of fault. */
export interface Scene {
  readonly name: string;
  /** How the call comes about, in words. */
  readonly given?: string;
  readonly phase: "request" | "sweep";
  readonly call: Call;
  /** How often in a row the fault strikes; default once. */
  readonly times?: number;
  readonly arrangement?: Arrangement;
  /** Further faults that lead to the call. */
  readonly also?: ReadonlyArray<Fault>;
  readonly promised: Partial<Record<Class, Promised>>;
}

/** Something that is done when the call reaches its provider, or has taken effect there. */
export interface Deed {
  readonly when: "before" | "after";
  /** `kill -9` of the isolate; a reset by the client; somebody else's user for the same address. */
  readonly what: "kill" | "leave" | "intrude";
}

/** One cell: everything that registrations.ts has to know. */
export interface Cell {
  readonly title: string;
  readonly phase: Scene["phase"];
  readonly arrangement: Arrangement;
  readonly faults: ReadonlyArray<Fault>;
  readonly deed?: Deed & Call;
  /** Faults that strike while the sweeper finishes. */
  readonly sweeping?: ReadonlyArray<Fault>;
  readonly promised: Promised;
}

/** One kind of fault: which faults it sets at a call, and what it does there. */
export interface Kind {
  readonly class: Class;
  readonly fault?: Pick<Fault, "answer" | "effect">;
  readonly deed?: Deed;
}

const lost = ["reset", "500", "garbage", "hang"] as const;
const never = { effect: "none", answer: "reset" } as const;

/** Every kind of fault, by its name in a cell's title. */
export const kinds: Readonly<Record<string, Kind>> = {
  refused: { class: "refused", fault: { answer: "error" } },
  throttled: { class: "throttled", fault: { answer: "throttle" } },
  ...each("before it took effect", "lost before", "none"),
  ...each("after it took effect", "lost after", "applied"),
  "isolate killed, call never sent": {
    class: "killed before",
    fault: never,
    deed: { when: "before", what: "kill" },
  },
  "isolate killed, call under way": { class: "killed after", deed: { when: "before", what: "kill" } },
  "isolate killed, call done": { class: "killed after", deed: { when: "after", what: "kill" } },
  "client reset, call under way": { class: "client gone", deed: { when: "before", what: "leave" } },
  "client reset, call done": { class: "client gone", deed: { when: "after", what: "leave" } },
};

function each(words: string, of: Class, effect: "none" | "applied"): Record<string, Kind> {
  const named = lost.map((answer) => [`${answer} ${words}`, { class: of, fault: { answer, effect } }]);
  return Object.fromEntries(named) as Record<string, Kind>;
}

/** How each provider says no. */
export const refusal = { cognito: "InvalidParameterException", database: "23514" } as const;

/** A fault at a call, so many times. */
export function strike(
  { target, match }: Call,
  fault: Pick<Fault, "answer" | "effect" | "late">,
  times = 1,
): Fault {
  const code = fault.answer === "error" ? { code: refusal[target] } : {};
  return { target, match, times, ...fault, ...code };
}

/** The cells of a row. */
export const cellsOf = (scene: Scene): Cell[] =>
  Object.entries(kinds).flatMap(([name, kind]) => {
    const promised = scene.promised[kind.class];
    if (promised === undefined) return [];
    const own = kind.fault === undefined ? [] : [strike(scene.call, kind.fault, scene.times)];
    return [
      {
        title: `${scene.name}: ${name}${scene.given === undefined ? "" : ` (${scene.given})`}`,
        phase: scene.phase,
        arrangement: scene.arrangement ?? "nothing",
        faults: [...own, ...(scene.also ?? [])],
        ...(kind.deed && { deed: { ...kind.deed, ...scene.call } }),
        promised,
      },
    ];
  });
