/** Reads rows of the ledger: each for itself, so that one that nobody can read does not hide the others. */
import * as Option from "effect/Option";
import * as Predicate from "effect/Predicate";
import * as Schema from "effect/Schema";
import {
  type AnyOperation,
  Change,
  ChangeKind,
  Forgotten,
  isRegistrationKind,
  Operation,
  type OperationId,
  Registration,
  type Undecodable,
} from "../../domain/operation.ts";

/** How much is shown of a text that somebody may have written by hand, in characters. */
const TEXT_LENGTH_MAX = 200;

/** A row as the select list of the ledger makes it, by its schema; or what can be said of it. */
export const readRow =
  <A>(schema: Schema.Codec<A, unknown>) =>
  (row: unknown): A | Undecodable =>
    Option.getOrElse(Schema.decodeUnknownOption(schema)(row), () => undecodable(row));

const readAny = readRow(Operation as Schema.Codec<Operation, unknown>);

/** Any row of the ledger. */
export const readOperation = (row: unknown): AnyOperation => readAny(row);

const text = (value: unknown): string | null =>
  Predicate.isString(value) ? value.slice(0, TEXT_LENGTH_MAX) : null;

/** What a row is most like. Of a kind that nobody knows, a row with an address is a registration. */
const schemaOf = ({ kind, email }: Readonly<Record<string, unknown>>) => {
  if (Schema.is(ChangeKind)(kind)) return Change;
  if (email !== null) return Registration;
  return isRegistrationKind(kind) ? Forgotten : Change;
};

const undecodable = (row: unknown): Undecodable => {
  const fields = Predicate.isObject(row) ? (row as Readonly<Record<string, unknown>>) : {};
  const { fields: schemas } = schemaOf(fields);
  const unreadable = Object.entries(schemas)
    .filter(([field, schema]) => {
      const decode = Schema.decodeUnknownOption(schema as Schema.Codec<unknown, unknown>);
      return Option.isNone(decode(fields[field]));
    })
    .map(([field]) => field);
  return {
    undecodable: true,
    // The column is the table's key, and a UUID.
    id: String(fields.id) as OperationId,
    kind: text(fields.kind),
    state: text(fields.state),
    email: text(fields.email),
    sub: text(fields.sub),
    caller: text(fields.caller),
    startedAt: text(fields.startedAt) ?? "",
    closedAt: text(fields.closedAt),
    dueAt: text(fields.dueAt),
    tries: Predicate.isNumber(fields.tries) ? fields.tries : null,
    needsOperator: fields.needsOperator === true,
    lastError: text(fields.lastError),
    unreadable,
  };
};
