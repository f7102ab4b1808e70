/** The mutations fit the sources, so that `npm run mutants` judges the code that is there. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { apply } from "../../mutants/apply.ts";
import { mutations } from "../../mutants/mutations.ts";

describe("the mutations", () => {
  it.each([...mutations])("$name: every edit fits, and changes something", ({ name, edits }) => {
    const texts = new Map<string, string>();
    for (const edit of edits) {
      const text = texts.get(edit.file) ?? readFileSync(edit.file, "utf8");
      const edited = apply(edit, text, name);
      assert.notStrictEqual(edited, text);
      texts.set(edit.file, edited);
    }
  });

  it("are at least the seventy that were seen caught, each under a name of its own", () => {
    assert.isAtLeast(mutations.length, 70);
    assert.strictEqual(new Set(mutations.map(({ name }) => name)).size, mutations.length);
  });
});
