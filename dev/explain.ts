/** How PostgreSQL answers a statement, in the way in which the service has it planned. */
import type pg from "pg";
import type { Statement } from "../src/ports/database.ts";

/** A value as it is written in SQL. */
const literal = (client: pg.ClientBase, value: unknown): string => {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value))
    return client.escapeLiteral(`{${value.map((one) => JSON.stringify(one)).join(",")}}`);
  return client.escapeLiteral(String(value));
};

/**
 * The plan of a statement, run for these values, whose effects are taken back: a statement that is a function's by the plan for
 * all values, as the function has it, and any other by that for these. https://www.postgresql.org/docs/current/sql-explain.html
 */
export const explain = async (
  client: pg.ClientBase,
  { text, source }: Pick<Statement<never>, "text" | "source">,
  values: ReadonlyArray<unknown>,
  format: "text" | "json",
): Promise<ReadonlyArray<unknown>> => {
  const written = values.map((value) => literal(client, value)).join(", ");
  await client.query("begin");
  try {
    await client.query(
      `set local plan_cache_mode = force_${source === undefined ? "custom" : "generic"}_plan`,
    );
    await client.query(`prepare question as ${source ?? text}`);
    const { rows } = await client.query<Record<string, unknown>>(
      `explain (analyze, buffers, format ${format}) execute question${written === "" ? "" : ` (${written})`}`,
    );
    return rows.map((row) => row["QUERY PLAN"]);
  } finally {
    await client.query("rollback");
    await client.query("deallocate all");
  }
};
