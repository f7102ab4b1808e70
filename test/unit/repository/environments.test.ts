/** The named environments of wrangler.toml: each has whatever wrangler does not inherit, and shares no count with another. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "vitest";
import { environmentsOf, wrongEnvironments } from "../../../dev/check/deploy.ts";

const toml = readFileSync("wrangler.toml", "utf8");
const run = (...lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("");

describe("wrangler.toml", () => {
  it("has an environment to try things in, and one that counts", () => {
    assert.deepStrictEqual(environmentsOf(toml), ["", "staging", "production"]);
  });

  it("gives every rate limit a number of its own", () => {
    const numbers = [...toml.matchAll(/^namespace_id = "(\d+)"$/gm)].map(([, number]) => number);
    assert.isAbove(numbers.length, 3);
    assert.strictEqual(new Set(numbers).size, numbers.length);
  });
});

describe("the check of environments", () => {
  const good = run("env.CALLERS (300 requests/60s)  Rate Limit", 'env.AWS_REGION ("eu-west-2")  Variable');

  it("is content where each has the same", () => {
    assert.deepStrictEqual(wrongEnvironments({ "": good, staging: good }), []);
  });

  it("tells of a variable that one of them lacks", () => {
    const less = run("env.CALLERS (300 requests/60s)  Rate Limit");
    assert.deepStrictEqual(wrongEnvironments({ "": good, staging: less }), [
      "env.staging has CALLERS, and the top level has AWS_REGION, CALLERS",
    ]);
  });

  it("tells of what wrangler warns of", () => {
    const warned = run(
      "▲ [WARNING] Processing wrangler.toml configuration:",
      '- "secrets" exists at the top level',
      good,
    );
    assert.lengthOf(wrongEnvironments({ "": good, staging: warned }), 2);
  });
});
