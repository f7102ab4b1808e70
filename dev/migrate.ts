/**
 * `npm run migrate`: applies every file of `migrations/` in the order of their names, in one transaction under a lock.
 * All of it happens or none, and running it again changes nothing: there is no bookkeeping table, because every file
 * may run again. A FLIP database gains one schema, `registrar`, and nothing in its own. Without DATABASE_URL it takes
 * the running local stack, and nothing else.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";

const ours = join(import.meta.dirname, "../migrations");
// Any constant does, as long as every Registrar uses the same one.
const lock = 7_262_019;

/** A migration that did not happen; the message is for people and holds no secret. */
export class MigrationError extends Error {}

/** Brings a database up to date and says, in a sentence per file, what that changed. */
export async function migrate(databaseUrl: string, directory = ours): Promise<string[]> {
  const client = await connect(databaseUrl);
  let file = "";
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [lock]);
    // A database user who is called `registrar` has the schema of that name first in the path, and FLIP's tables would
    // be made there.
    await client.query("set local search_path to public");
    const done: string[] = [];
    for (file of (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort()) {
      const before = await relations(client);
      await client.query(await readFile(join(directory, file), "utf8"));
      const made = added(before, await relations(client));
      done.push(
        made.length === 0 ? `${file}: everything was there already.` : `${file}: created ${made.join(", ")}.`,
      );
    }
    await client.query("commit");
    return done;
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw new MigrationError(`${file || "The migration"} failed and nothing was changed: ${reason(error)}`);
  } finally {
    await client.end().catch(() => {});
  }
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 15_000 });
    // A connection lost between two statements is reported by the next one.
    client.on("error", () => {});
    await client.connect();
    return client;
  } catch (error) {
    await client?.end().catch(() => {});
    throw new MigrationError(`The database cannot be opened: ${reason(error)}`);
  }
}

/** What is there now and was not; of a new table the table alone, without its columns. */
function added(before: ReadonlyArray<string>, now: ReadonlyArray<string>): string[] {
  const made = now.filter((name) => !before.includes(name));
  return made.filter((name) => {
    const [, table] = /^column (\w+)\./.exec(name) ?? [];
    return table === undefined || !made.includes(`table ${table}`);
  });
}

async function relations(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`
    select name from (
    select case c.relkind when 'i' then 'index ' when 'S' then 'sequence ' when 'v' then 'view ' else 'table ' end
           || c.relname as name, case c.relkind when 'r' then 1 else 2 end as place
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'p', 'i', 'S', 'v')
       and not exists (select from pg_constraint k where k.conindid = c.oid)
    union all
    select 'column ' || c.relname || '.' || a.attname, 3
      from pg_attribute a
      join pg_class c on c.oid = a.attrelid
      join pg_namespace n on n.oid = c.relnamespace
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind = 'r'
       and a.attnum > 0 and not a.attisdropped) there
    order by place, name`);
  return rows.map((row) => row.name);
}

function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  switch (code) {
    case "ECONNREFUSED":
      return "nothing listens at the address that DATABASE_URL names.";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host that DATABASE_URL names is not known.";
    case "ERR_INVALID_URL":
      return "DATABASE_URL is not a URL of the form postgresql://user:password@host/database.";
    case "28P01":
    case "28000":
      return "the database refuses this user or password.";
    case "3D000":
      return "the server has no database of this name.";
    case "42501":
      return `this database user is not permitted to do that (${message}).`;
    default:
      // PostgreSQL's own sentences name tables and columns, never a password.
      return error instanceof pg.DatabaseError ? `${message} (${code}).` : "the server does not answer.";
  }
}

async function databaseUrl(): Promise<string> {
  const fromEnvironment = process.env.DATABASE_URL;
  if (fromEnvironment) return fromEnvironment;
  try {
    const stack = JSON.parse(await readFile(join(import.meta.dirname, "../.dev/stack.json"), "utf8"));
    return (stack as { databaseUrl: string }).databaseUrl;
  } catch {
    throw new MigrationError("DATABASE_URL is not set, and no local stack is running (npm run dev).");
  }
}

if (import.meta.main) {
  try {
    for (const sentence of await migrate(await databaseUrl())) console.log(sentence);
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
