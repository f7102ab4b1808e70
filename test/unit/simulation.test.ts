/** The model's quick run: 2,000 histories. The long one is `npm run prove`; test/model says what a history is. */
import { assert, describe, it } from "@effect/vitest";
import fc from "fast-check";
import { explain } from "../simulation/explain.ts";
import { History } from "../simulation/history.ts";
import { plans } from "../simulation/plan.ts";

const HISTORIES = 2000;

describe("the protocol", () => {
  it("holds in every history: lost, late, stale and repeated calls, kills, administrators, and hands at the console", () => {
    const holds = fc.property(plans, (plan) => History.run(plan).violations.length === 0);
    const result = fc.check(holds, { numRuns: HISTORIES });
    assert.isFalse(result.failed, explain(result));
  }, 60_000);

  it("is deterministic: a plan is one history", () => {
    for (const plan of fc.sample(plans, { numRuns: 20, seed: 1 })) {
      const [one, two]: [Array<string>, Array<string>] = [[], []];
      History.run(plan, (line) => one.push(line));
      History.run(plan, (line) => two.push(line));
      assert.deepStrictEqual(one, two);
    }
  });
});
