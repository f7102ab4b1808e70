/**
 * SQL with names: a statement is a value, whose text has a placeholder for each named value, cast to the value's type.
 *
 * A value never becomes part of the text. What is no value (a name, a constant of the source) is written by
 * `identifier` and `literal`, and nothing else takes a string.
 */
import type { Parameter, Statement } from "../../ports/database.ts";

/** A type of Postgres, and what its values are here. */
export interface Type<A extends Parameter> {
  readonly sql: string;
  readonly of?: A;
}

const type = <A extends Parameter>(sql: string): Type<A> => ({ sql });

export const uuid = type<string>("uuid");
export const uuids = type<ReadonlyArray<string>>("uuid[]");
export const text = type<string>("text");
export const texts = type<ReadonlyArray<string>>("text[]");
export const boolean = type<boolean>("boolean");
export const integer = type<number>("integer");
/** An instant, as ISO text. */
export const instant = type<string>("timestamptz");
/** A number of seconds; `interval` makes an interval of it. */
export const seconds = type<number>("double precision");

/** JSON, in an answer. */
export const json = type<never>("jsonb");

/** The same type, with null. */
export const nullable = <A extends Parameter>({ sql }: Type<A>): Type<A | null> => ({ sql });

/** The types of a statement's values, by name. */
type Types = Readonly<Record<string, Type<Parameter>>>;

/** A statement's values, by name. */
export type Values<T extends Types> = {
  readonly [K in keyof T]: T[K] extends Type<infer A> ? A : never;
};

/** The names of the values that are numbers. */
type SecondsOf<T extends Types> = {
  [K in keyof T & string]: T[K] extends Type<number> ? K : never;
}[keyof T & string];

/** A piece of SQL: text, and between it the names of values. */
export interface Fragment {
  readonly parts: ReadonlyArray<string | { readonly value: string }>;
}

/** Writes SQL. What is put in is SQL itself, or stands for a value. */
export const sql = (strings: TemplateStringsArray, ...fragments: ReadonlyArray<Fragment>): Fragment => ({
  parts: strings.flatMap((string, index) => [string, ...(fragments[index]?.parts ?? [])]),
});

/** The name of a table, a column or a part of a statement. */
export const identifier = (name: string): Fragment => {
  if (!/^[a-z_]+(\.[a-z_]+)?$/.test(name)) throw new Error(`not a plain name in SQL: ${name}`);
  return { parts: [name] };
};

/** A constant of the source, as SQL writes it. */
export const literal = (constant: string | number): Fragment => ({
  parts: [typeof constant === "number" ? String(constant) : `'${constant.replaceAll("'", "''")}'`],
});

/** Fragments with a separator between them, a comma where none is given. */
export const list = (fragments: ReadonlyArray<Fragment>, separator = ", "): Fragment => ({
  parts: fragments.flatMap(({ parts }, index) => (index === 0 ? parts : [separator, ...parts])),
});

/**
 * A function of Postgres' that does what a statement says: each connection plans it once, and not each time that it is asked, also
 * where a proxy lends another connection to each transaction. `since`: the number of the migration that makes it. A function
 * that a release has had stays as it is, for the Worker of the version before: another one is another number.
 */
export interface Kept {
  readonly since: number;
  /** The columns of the answer, in the order of the statement's. */
  readonly answers: Readonly<Record<string, Type<never> | Type<Parameter>>>;
}

/** What makes each function, by the statement that calls it. */
const definitions = new WeakMap<object, { readonly since: number; readonly text: () => string }>();

/** What makes a statement's function; undefined where it has none. */
export const definitionOf = (made: object) => definitions.get(made);

/** ledger.markRolledBack, 5 → registrar.ledger_mark_rolled_back_5 */
const functionOf = (name: string, since: number) =>
  `registrar.${name.replace(".", "_").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_${since}`;

/**
 * Makes a statement. `statementName` stands in a comment before the text, so that logs and lists of slow statements
 * name it. Values are numbered in the order in which their types are declared.
 */
export const statement = <const T extends Types>(
  statementName: string,
  types: T,
  write: (values: { readonly [K in keyof T]: Fragment }) => Fragment,
  { dueWithin, kept }: { readonly dueWithin?: SecondsOf<T>; readonly kept?: Kept } = {},
): Statement<Values<T>> => {
  const names = Object.keys(types);
  // Written at its first use: most isolates never send most statements, and none should wait for the texts of all of them.
  let written: string | undefined;
  const body = () => {
    written ??= bodyOf(statementName, types, write);
    return written;
  };
  const made: Statement<Values<T>> = {
    name: statementName,
    get text() {
      return `/* ${statementName} */ ${body()}`;
    },
    parameters: (given) => names.map((value) => given[value] as Parameter),
    ...(dueWithin !== undefined && { dueWithin: (given: Values<T>) => given[dueWithin] as number }),
  };
  return kept === undefined ? made : keep(made, body, Object.values(types), kept);
};

/** The SQL of a statement. A value that it has no use for is a mistake. */
const bodyOf = <T extends Types>(
  statementName: string,
  types: T,
  write: (values: { readonly [K in keyof T]: Fragment }) => Fragment,
): string => {
  const names = Object.keys(types);
  const values = Object.fromEntries(names.map((value) => [value, { parts: [{ value }] }]));
  const { parts } = write(values as unknown as { readonly [K in keyof T]: Fragment });
  const used = new Set(parts.map((part) => (typeof part === "string" ? "" : part.value)));
  const unused = names.filter((value) => !used.has(value));
  if (unused.length > 0) throw new Error(`${statementName} has no use for ${unused.join(", ")}`);
  const written = parts.map((part) =>
    typeof part === "string" ? part : `$${names.indexOf(part.value) + 1}::${types[part.value]?.sql}`,
  );
  return written.join("").trim();
};

/** The same statement, as the call of its function. */
const keep = <Values>(
  made: Statement<Values>,
  body: () => string,
  types: ReadonlyArray<Type<Parameter>>,
  { since, answers }: Kept,
): Statement<Values> => {
  const called = functionOf(made.name, since);
  const takes = types.map((type) => type.sql).join(", ");
  const returns = Object.entries(answers).map(([column, type]) => `"${column}" ${type.sql}`);
  const values = types.map((type, index) => `$${index + 1}::${type.sql}`).join(", ");
  const { name, parameters, dueWithin } = made;
  const calling: Statement<Values> = {
    name,
    parameters,
    ...(dueWithin !== undefined && { dueWithin }),
    get source() {
      return made.text;
    },
    text: `/* ${made.name} */ select * from ${called}(${values})`,
  };
  // A column of the answer is a variable of the function as well: a name in the statement is never that. And one plan is for all
  // values: left to itself, PostgreSQL plans anew for each call where it believes that the values matter, and where the tables
  // are long it does.
  const text = () => `create or replace function ${called}(${takes})
returns table (${returns.join(", ")})
language plpgsql set plan_cache_mode = 'force_generic_plan' as $function$
#variable_conflict use_column
begin
  return query
${body()};
end $function$;`;
  definitions.set(calling, { since, text });
  return calling;
};
