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
 * Makes a statement. `statementName` stands in a comment before the text, so that logs and lists of slow statements
 * name it. Values are numbered in the order in which their types are declared.
 */
export const statement = <const T extends Types>(
  statementName: string,
  types: T,
  write: (values: { readonly [K in keyof T]: Fragment }) => Fragment,
  { dueWithin }: { readonly dueWithin?: SecondsOf<T> } = {},
): Statement<Values<T>> => {
  const names = Object.keys(types);
  const values = Object.fromEntries(names.map((value) => [value, { parts: [{ value }] }]));
  const { parts } = write(values as unknown as { readonly [K in keyof T]: Fragment });
  const used = new Set(parts.map((part) => (typeof part === "string" ? "" : part.value)));
  const unused = names.filter((value) => !used.has(value));
  if (unused.length > 0) throw new Error(`${statementName} has no use for ${unused.join(", ")}`);
  const written = parts.map((part) =>
    typeof part === "string" ? part : `$${names.indexOf(part.value) + 1}::${types[part.value]?.sql}`,
  );
  return {
    name: statementName,
    text: `/* ${statementName} */ ${written.join("").trim()}`,
    parameters: (given) => names.map((value) => given[value] as Parameter),
    ...(dueWithin !== undefined && { dueWithin: (given: Values<T>) => given[dueWithin] as number }),
  };
};
