/**
 * `npm run migrate`: applies every file of `migrations/` in the order of their names, in one transaction under a lock.
 * All of it happens or none, and running it again changes nothing: there is no bookkeeping table, because every file
 * may run again. A FLIP database gains one schema, `registrar`, and nothing in its own. Without DATABASE_URL it takes
 * the running local stack, and nothing else.
 *
 * `npm run migrate -- --index-audit` also gives FLIP's users_audit and user_role, where they were there already, the indexes that
 * the service reads them by: concurrently, so that nobody who writes them has to wait.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type pg from "pg";
import { COMMON_HELP, CommandError, command, EXIT } from "./command.ts";
import { connect, reason } from "./database.ts";
import { databaseUrl } from "./environment.ts";

const HELP = `npm run migrate [-- options]

Makes the tables that are missing, all of them or none. It may be run again at any time.

Options
  --index-audit      also gives a users_audit and a user_role that are FLIP's the indexes that the service reads by
${COMMON_HELP}

Environment
  DATABASE_URL       the database; without it, that of the running local stack

Exit codes
  0  everything is there
  1  nothing was changed
  2  the command line is wrong
`;

const ours = join(import.meta.dirname, "../migrations");
// Any constant does, as long as every Registrar uses the same one.
const lock = 7_262_019;

/** A migration that did not happen; the message is for people and holds no secret. */
export class MigrationError extends CommandError {}

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

/** An index of a table of FLIP's. */
interface FlipIndex {
  readonly name: string;
  readonly table: string;
  readonly columns: string;
}

/** The indexes that bear our name, as the migration has them that makes the tables. */
async function flipIndexes(): Promise<FlipIndex[]> {
  const text = await readFile(join(ours, "0001_flip_tables.sql"), "utf8");
  const found = text.matchAll(/create index (registrar_\w+) on (\w+) (\(.+\));/g);
  return [...found].map(([, name = "", table = "", columns = ""]) => ({ name, table, columns }));
}

/**
 * Gives tables that are not ours our indexes, and says, in a sentence for each, what that changed. One that an
 * interrupted run has left invalid is made anew. It needs a session of its own: no pooled connection.
 * https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
 */
export async function indexAudit(databaseUrl: string): Promise<string[]> {
  const client = await connect(databaseUrl);
  try {
    // Who waited for a lock here would be waited for by the index in turn.
    const { rows } = await client.query<{ mine: boolean }>("select pg_try_advisory_lock($1) as mine", [
      lock + 1,
    ]);
    if (rows[0]?.mine !== true) throw new MigrationError("Another run is making the indexes.");
    const done: string[] = [];
    for (const index of await flipIndexes()) done.push(await makeIndex(client, index));
    return done;
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    throw new MigrationError(
      `The indexes of users_audit and user_role are not all there. Run it again: ${reason(error)}`,
    );
  } finally {
    await client.end().catch(() => {});
  }
}

async function makeIndex(client: pg.Client, { name, table, columns }: FlipIndex): Promise<string> {
  const { rows } = await client.query<{ valid: boolean }>(
    "select indisvalid as valid from pg_index where indexrelid = to_regclass($1)",
    [`public.${name}`],
  );
  if (rows[0]?.valid === true) return `index ${name}: it was there already.`;
  if (rows[0] !== undefined) await client.query(`drop index concurrently public.${name}`);
  await client.query(`create index concurrently ${name} on public.${table} ${columns}`);
  return rows[0] === undefined ? `index ${name}: created.` : `index ${name}: created anew; it was not whole.`;
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

if (import.meta.main) {
  await command({ help: HELP, options: { "index-audit": { type: "boolean" } } }, async (values) => {
    const url = databaseUrl();
    for (const sentence of await migrate(url)) console.log(sentence);
    if (values["index-audit"]) for (const sentence of await indexAudit(url)) console.log(sentence);
    return EXIT.good;
  });
}
