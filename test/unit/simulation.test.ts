/**
 * The simulation's quick run: 2,000 histories, and the statements of some once more on PostgreSQL in this process. The
 * long run is `npm run prove`; test/simulation/plan.ts says what a history is.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import fc from "fast-check";
import { explain } from "../simulation/explain.ts";
import { History } from "../simulation/history.ts";
import type { Act } from "../simulation/memory/world.ts";
import { plans } from "../simulation/plan.ts";
import { Replay } from "../simulation/replay.ts";
import { SEED } from "../support/seed.ts";

const HISTORIES = 2000;
const REPLAYED = 100;

describe("the protocol", () => {
  it("holds in every history: lost, late, stale and repeated calls, kills, administrators, and hands at the console", () => {
    const holds = fc.property(plans, (plan) => History.run(plan).violations.length === 0);
    const result = fc.check(holds, { numRuns: HISTORIES, seed: SEED });
    assert.isFalse(result.failed, explain(result));
  }, 180_000);

  it("is deterministic: a plan is one history", () => {
    for (const plan of fc.sample(plans, { numRuns: 20, seed: 1 })) {
      const [one, two]: [Array<string>, Array<string>] = [[], []];
      History.run(plan, (line) => one.push(line));
      History.run(plan, (line) => two.push(line));
      assert.deepStrictEqual(one, two);
    }
  });
});

describe("the ledger in memory", () => {
  let replay: Replay;
  beforeAll(async () => {
    replay = await Replay.start();
  }, 180_000);
  afterAll(() => replay.stop());

  it("answers and leaves what the statements answer and leave on PostgreSQL, move by move", async () => {
    let statements = 0;
    for (const plan of fc.sample(plans, { numRuns: REPLAYED, seed: SEED })) {
      const acts: Array<Act> = [];
      const { world } = History.run(plan, undefined, acts);
      assert.deepStrictEqual(await replay.run(acts, world), []);
      statements += acts.length;
    }
    assert.isAbove(statements, 1000);
  }, 120_000);

  it("would be told from one that answers otherwise, or leaves other rows", async () => {
    const histories = fc.sample(plans, { numRuns: 20, seed: 1 }).map((plan) => {
      const acts: Array<Act> = [];
      return { acts, world: History.run(plan, undefined, acts).world };
    });
    const begun = histories.find(({ acts }) => acts[0]?.name === "open");
    assert.isDefined(begun);
    const { acts, world } = begun;
    const [first, ...rest] = acts;
    assert.isDefined(first);
    const otherAnswer = [{ ...first, answer: { _tag: "Denied" } }, ...rest];
    assert.match((await replay.run(otherAnswer, world)).join(), /^ledger\.\w+ at .* in memory, .* in SQL/);
    world.audit.push({
      id: "x",
      action: "Registered user",
      userId: first.args[0] as never,
      by: "x" as never,
      at: 0,
    });
    assert.match((await replay.run(acts, world)).join(), /^users_audit: /);
  });
});
