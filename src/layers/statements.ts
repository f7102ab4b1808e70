/** Every statement of the service and its commands, for those that ask a database whether it understands them. */
import * as access from "../adapters/postgres/access-statements.ts";
import * as audit from "../adapters/postgres/audit-statements.ts";
import * as changes from "../adapters/postgres/changes-statements.ts";
import * as erasure from "../adapters/postgres/erasure-statements.ts";
import * as first from "../adapters/postgres/first-manager-statements.ts";
import * as ledger from "../adapters/postgres/ledger-statements.ts";
import * as records from "../adapters/postgres/records-statements.ts";
import * as retention from "../adapters/postgres/retention-statements.ts";
import { definitionOf } from "../adapters/postgres/sql.ts";
import * as status from "../adapters/postgres/status-statements.ts";
import type { Statement } from "../ports/database.ts";

/** A statement's text, the call of the function that does it, where there is one, and how many values both take. */
export interface Text {
  readonly name: string;
  readonly text: string;
  readonly call?: string;
  readonly values: number;
}

const isStatement = (value: unknown): value is Statement<object> =>
  typeof value === "object" && value !== null && "text" in value && "parameters" in value;

const statementsOf = (areas: ReadonlyArray<object>): ReadonlyArray<Statement<object>> =>
  areas.flatMap((area) => Object.values(area) as ReadonlyArray<unknown>).filter(isStatement);

const textsOf = (areas: ReadonlyArray<object>): ReadonlyArray<Text> =>
  statementsOf(areas).map(({ name, text, source, parameters }) => ({
    name,
    text: source ?? text,
    ...(source !== undefined && { call: text }),
    values: parameters({}).length,
  }));

/** What requests and sweeps send, with the rights of deploy/role.sql. */
export const serviceStatements = textsOf([access, audit, changes, ledger, retention, status]);

/** What only the commands of cli/ send, as the owner of the tables. */
export const commandStatements = textsOf([erasure, first, records]);

/** What makes the functions that statements call, of one migration: in the order of their names. */
export const functionsOf = (migration: number): ReadonlyArray<string> =>
  statementsOf([access, audit, changes, ledger, retention, status, erasure, first, records])
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(definitionOf)
    .filter((made) => made !== undefined)
    .filter(({ since }) => since === migration)
    .map(({ text }) => text());
