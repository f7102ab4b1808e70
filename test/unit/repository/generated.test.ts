/** What is generated and kept in the repository is what its command writes. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { CONFIGURATION_PATH, configurationText } from "../../../dev/configuration.ts";
import { DOCTOR_PATH, doctorText } from "../../../dev/doctor-page.ts";
import { FUNCTIONS_PATH, functionsText } from "../../../dev/functions.ts";
import { OPENAPI_PATH, openapiText } from "../../../dev/openapi.ts";

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

  it("the functions of Postgres do what the statements say: npm run functions", () => {
    assert.strictEqual(readFileSync(FUNCTIONS_PATH, "utf8"), functionsText());
  });

  it("public/openapi.json is that of the routes: npm run openapi", () => {
    assert.strictEqual(readFileSync(OPENAPI_PATH, "utf8"), openapiText());
  });
});
