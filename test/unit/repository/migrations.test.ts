/** Which migration was the last to run stands in the database, and the service knows which one it needs. */
import { readdirSync, readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { SCHEMA_VERSION } from "../../../src/adapters/postgres/status-statements.ts";

const files = readdirSync("migrations").toSorted();
const numberOf = (file: string): number => Number(/^\d{4}/.exec(file)?.[0]);
/** 0001 makes FLIP's tables, and comes before the schema that is ours. */
const ours = files.filter((file) => numberOf(file) > 1);

describe("the migrations", () => {
  it("each have a number of their own", () => {
    assert.deepStrictEqual(
      files.map(numberOf),
      files.map((_, index) => index + 1),
    );
  });

  it.each(ours)("%s ends by writing down that it has run", (file) => {
    const line = `update registrar.schema_version set version = greatest(version, ${numberOf(file)});\n`;
    assert.isTrue(
      readFileSync(`migrations/${file}`, "utf8").endsWith(`\n${line}`),
      `its last line has to be: ${line}`,
    );
  });

  it("are all needed: SCHEMA_VERSION in src/adapters/postgres/status-statements.ts is that of the last", () => {
    assert.strictEqual(SCHEMA_VERSION, numberOf(files.at(-1) ?? ""));
  });
});
