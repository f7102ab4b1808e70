/** The examples of the OpenAPI document: every body of JSON has one, and each is what its schema says. */
import { assert, describe, it } from "@effect/vitest";
import { PROBLEMS } from "../../src/http/problems.ts";
import { examples, wrongExample } from "../support/document.ts";

describe("the document", () => {
  it("has an example of every body, and each is what its schema says", () => {
    const known = examples();
    assert.isAbove(known.length, 100);
    assert.deepStrictEqual(
      known.filter(({ values }) => values.length === 0).map(({ name }) => name),
      [],
    );
    const wrong = known.flatMap(({ name, schema, values }) =>
      values.flatMap((value) => wrongExample(name, schema, value)),
    );
    assert.deepStrictEqual(wrong, []);
  });

  it("has an example of every problem", () => {
    const shown = new Set(examples().flatMap(({ values }) => values.map((value) => (value as Shown).code)));
    // These two answer what is not in the document.
    const others = ["not_found", "method_not_allowed"];
    assert.deepStrictEqual(
      Object.keys(PROBLEMS).filter((code) => !shown.has(code) && !others.includes(code)),
      [],
    );
  });

  it("has examples of which none was made up of nothing: no text is only “text”", () => {
    const vague = examples().filter(({ values }) => JSON.stringify(values).includes('"text"'));
    assert.deepStrictEqual(
      vague.map(({ name, values }) => `${name}: ${JSON.stringify(values)}`),
      [],
    );
  });

  it("would be told of an example that is wrong", () => {
    const [{ name, schema } = { name: "", schema: {} }] = examples();
    assert.isNotEmpty(wrongExample(name, schema, { roles: "no list" }));
  });
});

interface Shown {
  readonly code?: string;
}
