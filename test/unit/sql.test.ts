/** SQL with names: what becomes of a statement's values and pieces. */
import { assert, describe, it } from "@effect/vitest";
import {
  boolean,
  identifier,
  integer,
  list,
  literal,
  nullable,
  sql,
  statement,
  text,
  uuid,
  uuids,
} from "../../src/adapters/postgres/sql.ts";

describe("a statement", () => {
  it("has its name in a comment, and each value as a number with its type", () => {
    const made = statement(
      "area.move",
      { id: uuid, roles: uuids, note: nullable(text) },
      ({ id, roles, note }) => sql`select ${id}, ${note} from t where r <@ ${roles}`,
    );
    assert.strictEqual(made.text, "/* area.move */ select $1::uuid, $3::text from t where r <@ $2::uuid[]");
    assert.strictEqual(made.name, "area.move");
  });

  it("gives a value that is used twice one number, and numbers values as they are declared", () => {
    const made = statement("a.b", { a: text, b: text }, ({ a, b }) => sql`${b} ${a} ${b}`);
    assert.strictEqual(made.text, "/* a.b */ $2::text $1::text $2::text");
    assert.deepStrictEqual(made.parameters({ b: "second", a: "first" }), ["first", "second"]);
  });

  it("never writes a value into its text", () => {
    const made = statement("a.b", { email: text }, ({ email }) => sql`select ${email}`);
    const values = { email: "'; drop table roles; --" };
    assert.deepStrictEqual(made.parameters(values), [values.email]);
    assert.notInclude(made.text, "drop");
  });

  it("is made of fragments in any depth", () => {
    const made = statement("a.b", { id: uuid, limit: integer }, ({ id, limit }) => {
      const condition = sql`id = ${id}`;
      const query = sql`select from ${identifier("registrar.operation")} where ${condition}`;
      return sql`with one as (${query}) select ${list([sql`1`, condition])} limit ${limit}`;
    });
    assert.strictEqual(
      made.text,
      "/* a.b */ with one as (select from registrar.operation where id = $1::uuid) select 1, id = $1::uuid limit $2::integer",
    );
  });

  it("is written at its first use, and once", () => {
    let times = 0;
    const made = statement("a.b", { id: uuid }, ({ id }) => {
      times += 1;
      return sql`${id}`;
    });
    assert.strictEqual(times, 0);
    assert.strictEqual(made.text, made.text);
    assert.strictEqual(times, 1);
  });

  it("is refused where it has no use for a value", () => {
    assert.throws(
      () => statement("a.b", { id: uuid, old: boolean }, ({ id }) => sql`${id}`).text,
      /no use for old/,
    );
  });

  it("does not compile with a value that is missing or of another type", () => {
    const made = statement("a.b", { id: uuid, yes: boolean }, ({ id, yes }) => sql`${id} ${yes}`);
    // @ts-expect-error yes is missing.
    made.parameters({ id: "x" });
    // @ts-expect-error yes is no text.
    made.parameters({ id: "x", yes: "true" });
    // @ts-expect-error null is only for what is nullable.
    made.parameters({ id: null, yes: true });
    // @ts-expect-error A string is no SQL, and becomes none.
    assert.deepStrictEqual(sql`${"drop table roles"}`.parts, ["", ""]);
  });
});

describe("what is no value", () => {
  it("is a constant that is quoted, or a plain name", () => {
    assert.deepStrictEqual(literal("it's"), { parts: ["'it''s'"] });
    assert.deepStrictEqual(literal(10), { parts: ["10"] });
    for (const bad of ["a; b", "A", 'a"', "a.b.c", ""])
      assert.throws(() => identifier(bad), /not a plain name/);
  });
});
