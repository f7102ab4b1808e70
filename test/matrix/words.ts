/** The small words that cells of several faults are written in. */
import type { Fault } from "../../dev/faults.ts";
import { type Call, type Cell, type Promised, refusal, strike } from "./cell.ts";

export type How = "works" | "refused" | "lost" | "landed";

/** A call that fails in this way as often as it is tried (a refused one is not); the answer of `landed` is lost. */
export const fails = (call: Call, how: How, times: number): Fault[] => {
  if (how === "works") return [];
  if (how === "refused") return [{ ...call, answer: "error", code: refusal[call.target], times: 1 }];
  return [strike(call, { answer: "reset", effect: how === "lost" ? "none" : "applied" }, times)];
};
/** A call whose answer is lost at once, and which lands a moment later. */
export const late = (call: Call, times = 1) =>
  strike(call, { answer: "reset", effect: "applied", late: 250 }, times);

/** A group of cells, as a heading of the table. */
export interface Group {
  readonly name: string;
  readonly cells: ReadonlyArray<Cell>;
}

export const cell = (
  title: string,
  promised: Promised,
  faults: ReadonlyArray<Fault>,
  more: Partial<Cell> = {},
): Cell => ({ title, phase: "request", arrangement: "nothing", faults, promised, ...more });
