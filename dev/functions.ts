/** `npm run functions`: writes the migration anew that makes the functions which statements call. */
import { writeFileSync } from "node:fs";
import { functionsOf } from "../src/layers/statements.ts";

/** The migration, and its number. A function that has changed after a release is of a new one. */
export const FUNCTIONS_PATH = "migrations/0005_functions.sql";
const NUMBER = 5;

/** The migration's text. */
export const functionsText =
  () => `-- What the statements do that requests wait for, as functions: each connection plans them once, also where a proxy lends another
-- connection to each transaction. A function's name ends with the number of the migration that has made it; what a release has
-- had stays, for the service of the version before. Whoever calls one needs the rights of what it does. Written by
-- "npm run functions", from src/adapters/postgres. Safe to run again.

${functionsOf(NUMBER).join("\n\n")}

update registrar.schema_version set version = greatest(version, ${NUMBER});
`;

if (import.meta.main) writeFileSync(FUNCTIONS_PATH, functionsText());
