/**
 * Shows the audit rows and the ledger of the running local stack, newest first, without psql.
 * Usage: node dev/audit.ts [how many]. It only reads, and only from the stack that `npm run dev` started.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";

const file = join(import.meta.dirname, "../.dev/stack.json");
const limit = Number(process.argv[2] ?? 20);

const stack = await readFile(file, "utf8").catch(() => undefined);
if (stack === undefined) {
  console.error("No local stack is running. Start one with: npm run dev");
  process.exit(1);
}
if (!Number.isInteger(limit) || limit < 1) {
  console.error("Usage: node dev/audit.ts [how many rows]");
  process.exit(1);
}

const client = new pg.Client((JSON.parse(stack) as { databaseUrl: string }).databaseUrl);
try {
  await client.connect();
  const audit = await client.query(
    `select "timestamp"::text, action, user_id, modified_by_user_id from users_audit order by "timestamp" desc limit $1`,
    [limit],
  );
  const ledger = await client.query(
    "select started_at::text, state, email, sub, id from registrar.operation order by started_at desc limit $1",
    [limit],
  );
  show("users_audit", audit.rows);
  show("registrar.operation", ledger.rows);
} catch (error) {
  console.error(`The database does not answer: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await client.end().catch(() => {});
}

function show(table: string, rows: Record<string, unknown>[]): void {
  console.log(`\n${table}${rows.length === 0 ? ": no rows yet" : ""}`);
  if (rows.length > 0) console.table(rows);
}
