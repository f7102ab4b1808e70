/** Every check, in the order in which they are asked and reported. */
import type { Check } from "../check.ts";
import { clients } from "./clients.ts";
import { configuration } from "./configuration.ts";
import { database } from "./database.ts";
import { keys } from "./keys.ts";
import { ledger } from "./ledger.ts";
import { pool } from "./pool.ts";
import { rights } from "./rights.ts";

/** The areas, by the first part of their checks' ids. */
export const AREAS: Readonly<
  Record<string, { readonly title: string; readonly checks: ReadonlyArray<Check> }>
> = {
  configuration: { title: "Configuration", checks: configuration },
  database: { title: "Database", checks: database },
  pool: { title: "User pool", checks: pool },
  clients: { title: "App clients", checks: clients },
  rights: { title: "AWS keys of the service", checks: rights },
  keys: { title: "Tokens and time", checks: keys },
  ledger: { title: "Ledger", checks: ledger },
};

export const checks: ReadonlyArray<Check> = Object.values(AREAS).flatMap((area) => area.checks);
