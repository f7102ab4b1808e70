/** What is generated and kept in the repository is what its command writes. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { headOf } from "../../../dev/client/generate.ts";
import { CONFIGURATION_PATH, configurationText } from "../../../dev/configuration.ts";
import { DOCTOR_PATH, doctorText } from "../../../dev/doctor-page.ts";
import { FUNCTIONS_PATH, functionsText } from "../../../dev/functions.ts";
import { OPENAPI_PATH, openapiText } from "../../../dev/openapi.ts";
import { pages, writtenPages } from "../../../dev/pages.ts";

describe("what is generated", () => {
  it("docs/configuration.md is that of the settings: npm run docs:configuration", () => {
    assert.strictEqual(readFileSync(CONFIGURATION_PATH, "utf8"), configurationText());
  });

  it("docs/configuration.md says of every variable what it is and what it takes", () => {
    assert.notMatch(configurationText(), /undefined|\| *\|/);
  });

  it("docs/doctor.md has the checks of the doctor: npm run docs:doctor", () => {
    const page = readFileSync(DOCTOR_PATH, "utf8");
    assert.strictEqual(page, doctorText(page));
    assert.include(page, "| `pool.tag` |");
  });

  it("the static pages of public/ are those of the tables, and no other: npm run pages", () => {
    assert.deepStrictEqual(writtenPages(), pages());
  });

  it("client/api.ts is made of public/openapi.json: npm run client", () => {
    const types = readFileSync("client/api.ts", "utf8");
    assert.strictEqual(types.slice(0, types.indexOf("\n") + 1), headOf(readFileSync(OPENAPI_PATH, "utf8")));
  });

  it("the functions of Postgres do what the statements say: npm run functions", () => {
    assert.strictEqual(readFileSync(FUNCTIONS_PATH, "utf8"), functionsText());
  });

  it("public/openapi.json is that of the routes: npm run openapi", () => {
    assert.strictEqual(readFileSync(OPENAPI_PATH, "utf8"), openapiText());
  });
});
