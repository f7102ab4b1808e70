/** The table of results has a row a run, and the counts last. */
import { assert, describe, it } from "@effect/vitest";
import { tableOf } from "../../dev/results.ts";
import { partOf } from "../support/results.ts";

describe("the table of results", () => {
  it("has a row for each part that a suite names before a colon, and one for the others", () => {
    assert.strictEqual(partOf("Neon over HTTP: Ledger moves"), "Neon over HTTP");
    assert.strictEqual(partOf("Cognito, alias: a user of another identity provider"), "Cognito, alias");
    assert.strictEqual(partOf("the trail"), "");
  });

  it("has every column that a row has, and the counts last", () => {
    const rows = [
      { suite: "one", runtime: "bun 1.4.5", passed: 12, failed: 0 },
      { suite: "another", passed: 3, failed: 1, pool: "alias" },
    ];
    assert.deepStrictEqual(tableOf(rows).split("\n"), [
      "suite    runtime    pool   passed  failed",
      "one      bun 1.4.5         12      0",
      "another             alias  3       1",
    ]);
  });
});
