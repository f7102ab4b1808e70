/** Every statement of the adapters is one that PostgreSQL understands, with the types that its values are declared to have. */
import { readdir } from "node:fs/promises";
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { type Stack, startStack } from "../../dev/stack.ts";
import { commandStatements, serviceStatements } from "../../src/layers/statements.ts";
import type { Statement } from "../../src/ports/database.ts";

const folder = "src/adapters/postgres";
const files = (await readdir(folder)).filter((file) => file.endsWith("-statements.ts"));
const modules: ReadonlyArray<Record<string, unknown>> = await Promise.all(
  files.map((file) => import(`../../${folder}/${file}`)),
);
const isStatement = (value: unknown): value is Statement<unknown> =>
  typeof value === "object" && value !== null && "text" in value && "parameters" in value;
const statements = modules.flatMap((module) => Object.values(module).filter(isStatement));

/** It sets, or inserts, a time at which a row is due. */
const GIVES_A_TIME = /\bdue_at = (?!null\b)|insert into registrar\.operation \([^)]*\bdue_at\b/;

const givesATime = ({ text, source = text }: Statement<unknown>) => GIVES_A_TIME.test(source);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

describe("a statement", () => {
  it("is found in every file of statements", () => {
    for (const [index, module] of modules.entries())
      assert.isTrue(Object.values(module).some(isStatement), files[index]);
    assert.isAtLeast(statements.length, 25);
    assert.isAtLeast(statements.filter(givesATime).length, 10);
  });

  it("is one that the doctor asks the database about", () => {
    assert.deepStrictEqual(
      [...serviceStatements, ...commandStatements].map(({ name }) => name).toSorted(),
      statements.map(({ name }) => name).toSorted(),
    );
  });

  it.each(statements.filter(givesATime))(
    "$name says when what it leaves due is due, so that the sweeper is asked for",
    ({ text, source = text, dueWithin }) => {
      assert.isTrue(dueWithin !== undefined || source.includes('as "dueIn"'));
    },
  );

  it.each([...statements])(
    "$name is understood by PostgreSQL, under a name of its own",
    async ({ name, text, source = text }) => {
      assert.match(name, /^[a-z]+\.[a-z][A-Za-z]*$/);
      assert.isTrue(text.startsWith(`/* ${name} */ `));
      assert.strictEqual(statements.filter((other) => other.name === name).length, 1);
      assert.isTrue(source.startsWith(`/* ${name} */ `));
      for (const one of [text, source]) await stack.query(`prepare one as ${one}; deallocate one`);
    },
  );
});
