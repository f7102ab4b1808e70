/** What is explained of the problems is what the application answers. */
import { assert, describe, it } from "@effect/vitest";
import { exampleOfProblem, samplesOf } from "../../src/http/examples.ts";
import { EXPLANATIONS, type Repeat } from "../../src/http/explanations.ts";
import { type Code, PROBLEMS } from "../../src/http/problems.ts";

/** What `retryable` may be. */
const RETRYABLE: Readonly<Record<Repeat["when"], ReadonlyArray<boolean>>> = {
  now: [true],
  later: [true],
  asked: [false, true],
  changed: [false],
  never: [false],
};

describe.each(Object.keys(PROBLEMS) as ReadonlyArray<Code>)("%s", (code) => {
  const samples = samplesOf(code);

  it("is explained for every outcome that it is heard with, and for no other", () => {
    const heard = [...new Set(samples.map(({ outcome }) => outcome))].toSorted();
    assert.isNotEmpty(heard);
    assert.deepStrictEqual(EXPLANATIONS[code].left.map(({ outcome }) => outcome).toSorted(), heard);
  });

  it("may be repeated as `retryable` says, and `later` only where Retry-After says when", () => {
    const { when } = EXPLANATIONS[code].repeat;
    const heard = [...new Set(samples.map(({ retryable }) => retryable))].toSorted();
    assert.deepStrictEqual(heard, RETRYABLE[when]);
    const withTime = samples.every(({ retryAfter }) => retryAfter !== undefined);
    assert.strictEqual(withTime, when === "later");
  });

  it("promises no certainty where nothing is certain, and none of what is tracked", () => {
    for (const { outcome, cognito, postgres } of EXPLANATIONS[code].left) {
      const states = [cognito.state, postgres.state];
      assert.strictEqual(outcome === "unknown" || outcome === "tracked", states.includes("doubt"));
      if (outcome === "tracked") assert.include(states, "tracked");
    }
  });

  it("has an example without a cause, a stack or a placeholder", () => {
    const { type } = exampleOfProblem(samples[0] as (typeof samples)[number]);
    assert.strictEqual(type, `https://registrar.example.org/problems/${code.replaceAll("_", "-")}`);
    assert.notInclude(JSON.stringify(samples.map(exampleOfProblem)), "an example");
  });
});
