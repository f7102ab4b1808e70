/** A failing history for a person to read: what is wrong, every step, and the command that runs it again. */
import type fc from "fast-check";
import { History } from "./history.ts";
import type { Plan } from "./plan.ts";

export const explain = ({
  failed,
  counterexample,
  counterexamplePath,
  seed,
  numRuns,
}: fc.RunDetails<[Plan]>) => {
  const plan = counterexample?.[0];
  if (!failed || plan === undefined) return "";
  const lines: Array<string> = [];
  const { violations } = History.run(plan, (line) => lines.push(line));
  return [
    `the protocol does not hold, after ${numRuns} histories:`,
    ...violations.map((text) => `  ! ${text}`),
    ...lines,
    `again: SEED=${seed} PLAN_PATH=${counterexamplePath} node test/simulation/prove.ts`,
  ].join("\n");
};
