/** What docs/operate.md tells an operator to paste: each query runs on the migrated tables, or is PromQL of our metrics. */
import { readFileSync } from "node:fs";
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { parser } from "@prometheus-io/lezer-promql";
import pg from "pg";
import { type Stack, startStack } from "../../dev/stack.ts";
import { families } from "../../src/http/ledger-metrics.ts";
import { IDLE } from "../support/open-metrics.ts";

const fences = (language: string): ReadonlyArray<string> =>
  [...readFileSync("docs/operate.md", "utf8").matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , text = ""]) => text.trim());

/** A fence with the words before it, for the name of its test. */
const named = (language: string) =>
  fences(language).map((query) => ({ query, name: query.split("\n", 1)[0] }));

let stack: Stack;
let client: pg.Client;
beforeAll(async () => {
  stack = await startStack();
  client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await stack.stop();
});

describe("a query for psql", () => {
  it("is there", () => assert.isAtLeast(fences("sql").length, 8));

  it.each(named("sql"))("runs, and changes nothing: $name", async ({ query }) => {
    await client.query("begin read only");
    try {
      await client.query(query);
    } finally {
      await client.query("rollback");
    }
  });

  it("that alarms answers no row while all is well, and one when something is overdue", async () => {
    const alarm = fences("sql").find((query) => query.includes("need_operator")) ?? "";
    assert.deepStrictEqual((await client.query(alarm)).rows, []);
    await stack.query(
      `insert into registrar.operation (id, kind, caller, email, roles, due_at) values
         (gen_random_uuid(), 'register', gen_random_uuid(), 'a@flip.example', '{}', now() - interval '6 minutes')`,
    );
    assert.strictEqual((await client.query(alarm)).rows.length, 1);
  });
});

/** The names of an expression's metrics, and whether all of it is PromQL. */
const parse = (query: string) => {
  const metrics = new Set<string>();
  let isValid = true;
  parser.parse(query).iterate({
    enter: ({ type, name, from, to }) => {
      if (type.isError) isValid = false;
      if (name === "Identifier" && query.slice(from, to) !== "") metrics.add(query.slice(from, to));
    },
  });
  return { metrics: [...metrics], isValid };
};

const known = families(IDLE).map(({ name, type }) => (type === "counter" ? `${name}_total` : name));

describe("an alarm for Prometheus", () => {
  it("is there", () => assert.isAtLeast(fences("promql").length, 5));

  it.each(named("promql"))("is PromQL, about metrics that there are: $name", ({ query }) => {
    const { metrics, isValid } = parse(query);
    assert.isTrue(isValid);
    assert.isNotEmpty(metrics);
    assert.deepStrictEqual(
      metrics.filter((name) => name !== "up" && !known.includes(name)),
      [],
    );
  });

  it("would be refused if it were none", () => {
    assert.isFalse(parse("sum(up").isValid);
    assert.deepStrictEqual(parse("max(up) > 0").metrics, ["up"]);
  });

  it("has every metric in the table before it", () => {
    const text = readFileSync("docs/operate.md", "utf8");
    assert.deepStrictEqual(
      [...text.matchAll(/^\| `(registrar_\w+)` \|/gm)].map(([, name]) => name),
      known,
    );
  });
});
