/**
 * Whatever administrators do, in whatever order, with whatever faults: once the faults are off and the sweeper has had
 * its time, Cognito, the grants and the audit trail tell the same story. LIFE_SECONDS and LIFE_SEED make it longer.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { useWorker } from "../../support/fixture.ts";
import { life, live } from "../../support/life-model.ts";

const fixture = useWorker({ COGNITO_TIMEOUT_MS: "2000", DATABASE_TIMEOUT_MS: "2000" });
const seconds = Number(process.env.LIFE_SECONDS ?? 20);
const seed = process.env.LIFE_SEED;

it("any life, with any faults, ends as one story in both stores", {
  timeout: seconds * 1000 + 120_000,
}, async () => {
  let lives = 0;
  const property = fc.asyncProperty(life, async (steps) => {
    lives += 1;
    expect(await live(fixture, steps)).toEqual([]);
  });
  await fc.assert(property, {
    numRuns: 1_000_000,
    interruptAfterTimeLimit: seconds * 1000,
    ...(seed !== undefined && { seed: Number(seed) }),
  });
  expect(lives).toBeGreaterThan(5);
  if (process.env.LIFE_SECONDS !== undefined) console.log(`${lives} lives`);
});
