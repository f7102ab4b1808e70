/** The database: whether it is there, what it is, and whether it understands and permits what the service sends. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type pg from "pg";
import { commandStatements, serviceStatements } from "../../../src/layers/statements.ts";
import { CommandError } from "../../command.ts";
import { type Check, check, NotAsked } from "../check.ts";
import type { Subject } from "../subject.ts";

const statements = [...serviceStatements, ...commandStatements];

const ofService = new Set(serviceStatements.map(({ name }) => name));

const migrations = join(import.meta.dirname, "../../../migrations");

/** https://www.postgresql.org/support/versioning/ */
const OLDEST_VERSION = 14;

/** A clock that is further off than this confuses whoever reads the times, and sooner or later what compares them. */
const CLOCK_MAX_MS = 5_000;

const one = async <Row extends pg.QueryResultRow>(subject: Subject, text: string): Promise<Row> =>
  (await subject.query<Row>(text))[0] as Row;

const reachable = check({
  id: "database.reachable",
  title: "Reachable",
  asks: "opens a session with `DATABASE_URL`",
  faults: {
    unreachable: {
      status: "wrong",
      means: "No session can be opened.",
      mend: "Mend DATABASE_URL, or let this machine's address in. The service may reach it from another place.",
    },
  },
  ask: async (subject) => {
    try {
      await subject.connect();
      return { good: "a session is open" };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { fault: "unreachable", detail: error.message };
    }
  },
});

const version = check({
  id: "database.version",
  title: "Version",
  asks: "`server_version_num`",
  faults: {
    old: {
      status: "warning",
      means: "PostgreSQL does not support this version any more.",
      mend: `Upgrade to ${OLDEST_VERSION} or later.`,
    },
  },
  ask: async (subject) => {
    const { version } = await one<{ version: number }>(
      subject,
      "select current_setting('server_version_num')::int / 10000 as version",
    );
    return version < OLDEST_VERSION
      ? { fault: "old", detail: `${version}` }
      : { good: `PostgreSQL ${version}` };
  },
});

const writable = check({
  id: "database.writable",
  title: "Writable",
  asks: "whether it is a replica, and `default_transaction_read_only`",
  faults: {
    replica: {
      status: "wrong",
      means: "This is a replica: nothing can be written.",
      mend: "Name the primary in DATABASE_URL.",
    },
    readOnly: {
      status: "wrong",
      means: "Transactions are read only by default.",
      mend: "alter role … reset default_transaction_read_only, or the same for the database.",
    },
  },
  ask: async (subject) => {
    const { replica, setting } = await one<{ replica: boolean; setting: string }>(
      subject,
      "select pg_is_in_recovery() as replica, current_setting('default_transaction_read_only') as setting",
    );
    if (replica) return { fault: "replica" };
    return setting === "on" ? { fault: "readOnly" } : { good: "the primary, and not read only" };
  },
});

const durable = check({
  id: "database.durable",
  title: "Durable",
  asks: "`synchronous_commit`",
  faults: {
    asynchronous: {
      status: "wrong",
      means: "A commit that was answered can be lost in a crash: then a user has no record.",
      mend: "alter role … reset synchronous_commit, or the same for the database.",
    },
  },
  ask: async (subject) => {
    const { setting } = await one<{ setting: string }>(
      subject,
      "select current_setting('synchronous_commit') as setting",
    );
    return setting === "off" ? { fault: "asynchronous" } : { good: `synchronous_commit is ${setting}` };
  },
});

const isolation = check({
  id: "database.isolation",
  title: "Isolation",
  asks: "`default_transaction_isolation`",
  faults: {
    other: {
      status: "warning",
      means: "Single statements that lose a race are refused where they would go on.",
      mend: "alter role … reset default_transaction_isolation, or the same for the database.",
    },
  },
  ask: async (subject) => {
    const { setting } = await one<{ setting: string }>(
      subject,
      "select current_setting('default_transaction_isolation') as setting",
    );
    return setting === "read committed" ? { good: setting } : { fault: "other", detail: setting };
  },
});

const time = check({
  id: "database.time",
  title: "Time",
  asks: "`clock_timestamp()` against this machine's clock and AWS'",
  faults: {
    off: {
      status: "warning",
      means: "The clocks differ; the database's decides what is due.",
      mend: "Set the clock that is off, most often this machine's.",
    },
  },
  ask: async (subject) => {
    const from = Date.now();
    const { at } = await one<{ at: Date }>(subject, "select clock_timestamp() as at");
    const ahead = at.getTime() - (from + Date.now()) / 2;
    const aws = await subject.awsAhead().catch(() => undefined);
    const offsets = aws === undefined ? [ahead] : [ahead, ahead - aws];
    return offsets.every((offset) => Math.abs(offset) > CLOCK_MAX_MS)
      ? { fault: "off", detail: `the database is ${seconds(ahead)} ahead of this machine` }
      : { good: `within ${CLOCK_MAX_MS / 1000} s` };
  },
});

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(0)} s`;

const migrated = check({
  id: "database.migrated",
  title: "Migrated",
  asks: "the tables that `migrations/` makes",
  faults: {
    missing: {
      status: "wrong",
      means: "Tables are missing.",
      mend: "npm run migrate",
      fix: "migrate",
    },
  },
  ask: async (subject) => {
    const wanted = await named(/create table (?:if not exists )?([a-z_.]+)/g);
    const missing = await absent(subject, wanted, "to_regclass(name) is null");
    return missing.length > 0
      ? { fault: "missing", detail: missing.join(", ") }
      : { good: `${wanted.length} tables` };
  },
});

const indexes = check({
  id: "database.indexes",
  title: "Indexes",
  asks: "the indexes that `migrations/` makes, and whether each is whole",
  faults: {
    ledger: {
      status: "wrong",
      means:
        "Indexes of the ledger are missing: some of them are what makes two requests exclude each other.",
      mend: "npm run migrate",
      fix: "migrate",
    },
    audit: {
      status: "warning",
      means:
        "Indexes of FLIP's tables are missing: GET /api/audit sorts the trail for each page, or who manages users is looked for among all grants.",
      mend: "npm run migrate -- --index-audit",
      fix: "index-audit",
    },
  },
  ask: async (subject) => {
    const ledger = (await named(/create (?:unique )?index if not exists ([a-z_]+)/g)).map(
      (name) => `registrar.${name}`,
    );
    const audit = (await named(/create index (registrar_[a-z_]+)/g)).map((name) => `public.${name}`);
    const notWhole = "not exists (select from pg_index where indexrelid = to_regclass(name) and indisvalid)";
    const missing = {
      ledger: await absent(subject, ledger, notWhole),
      audit: await absent(subject, audit, notWhole),
    };
    const found = (["ledger", "audit"] as const).filter((fault) => missing[fault].length > 0);
    return found.length > 0
      ? found.map((fault) => ({ fault, detail: missing[fault].join(", ") }))
      : { good: `${ledger.length + audit.length}, each whole` };
  },
});

/** The names that the migrations make in one way. */
async function named(pattern: RegExp): Promise<ReadonlyArray<string>> {
  const files = (await readdir(migrations)).filter((file) => file.endsWith(".sql"));
  const texts = await Promise.all(files.map((file) => readFile(join(migrations, file), "utf8")));
  return texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name = ""]) => name));
}

async function absent(
  subject: Subject,
  names: ReadonlyArray<string>,
  condition: string,
): Promise<ReadonlyArray<string>> {
  const rows = await subject.query<{ name: string }>(
    `select name from unnest($1::text[]) name where ${condition} order by name`,
    [names],
  );
  return rows.map(({ name }) => name);
}

interface Unplanned {
  readonly name: string;
  readonly code: string;
}

const plans = new WeakMap<Subject, Promise<ReadonlyArray<Unplanned>>>();

/** The statements that cannot be planned. Two checks look at them. */
function planned(subject: Subject): Promise<ReadonlyArray<Unplanned>> {
  const known = plans.get(subject) ?? plan(subject);
  plans.set(subject, known);
  return known;
}

/** Planned, a statement is parsed, and the rights of each table in it are checked; nothing of it is done. */
async function plan(subject: Subject): Promise<ReadonlyArray<Unplanned>> {
  const client = await subject.connect().catch(() => {
    throw new NotAsked("the database cannot be reached");
  });
  const refused: Unplanned[] = [];
  for (const { name, text, call = text, values } of statements) {
    const nothing = values === 0 ? "" : `(${Array.from({ length: values }, () => "null").join(", ")})`;
    try {
      // What a function does is planned when it is called, which would do it: so it is planned beside the call.
      for (const planned of new Set([call, text])) {
        await client.query(`begin read only; prepare doctor as ${planned}; explain execute doctor${nothing}`);
        await client.query("rollback; deallocate all");
      }
    } catch (error) {
      refused.push({ name, code: (error as { code?: string }).code ?? "no answer" });
    } finally {
      await client.query("rollback").catch(() => {});
      await client.query("deallocate all").catch(() => {});
    }
  }
  return refused;
}

const NO_RIGHT = "42501";

const listed = (refused: ReadonlyArray<Unplanned>) =>
  refused.map(({ name, code }) => `${name} (${code})`).join(", ");

const understands = check({
  id: "database.statements",
  title: "Statements",
  asks: "has each statement of the service and its commands planned, which does nothing of it",
  faults: {
    unknown: {
      status: "wrong",
      means: "Statements are refused.",
      mend: "npm run migrate; and the tables have to be those of a FLIP that docs/flip.md names.",
      fix: "migrate",
    },
  },
  ask: async (subject) => {
    const refused = (await planned(subject)).filter(({ code }) => code !== NO_RIGHT);
    return refused.length > 0
      ? { fault: "unknown", detail: listed(refused) }
      : { good: `${statements.length} are understood` };
  },
});

const rights = check({
  id: "database.rights",
  title: "Rights",
  asks: "the same, for what the user of `DATABASE_URL` is permitted of the service's own statements",
  faults: {
    denied: {
      status: "wrong",
      means: "The database user is not permitted what the service does.",
      mend: "Run deploy/role.sql as the owner of the tables, and sign in as a member of its role.",
    },
  },
  ask: async (subject) => {
    const refused = (await planned(subject)).filter(
      ({ name, code }) => code === NO_RIGHT && ofService.has(name),
    );
    return refused.length > 0 ? { fault: "denied", detail: listed(refused) } : { good: "each is permitted" };
  },
});

/** Columns of FLIP's tables that the service writes. Whatever else a row needs, its tables have to bring. */
const WRITTEN: Readonly<Record<string, ReadonlyArray<string>>> = {
  user_role: ["id", "user_id", "role_id"],
  users_audit: ["id", "action", "user_id", "modified_by_user_id", "timestamp"],
};

const shape = check({
  id: "database.shape",
  title: "FLIP's tables",
  asks: "the columns of `user_role` and `users_audit` that need a value",
  faults: {
    unknown: {
      status: "wrong",
      means: "A column needs a value that the service does not know of: rows cannot be written.",
      mend: "Give it a default, or use a version of Registrar that knows it (docs/flip.md).",
    },
  },
  ask: async (subject) => {
    const rows = await subject.query<{ table: string; column: string }>(
      `select relname as "table", attname as "column" from pg_attribute
         join pg_class on pg_class.oid = attrelid
        where attrelid in (to_regclass('user_role'), to_regclass('users_audit'))
          and attnum > 0 and not attisdropped and attnotnull and not atthasdef and attidentity = ''`,
    );
    if (rows.length === 0) throw new NotAsked("the tables are not there");
    const unknown = rows.filter(({ table, column }) => !WRITTEN[table]?.includes(column));
    return unknown.length > 0
      ? { fault: "unknown", detail: unknown.map(({ table, column }) => `${table}.${column}`).join(", ") }
      : { good: "each column that needs a value gets one" };
  },
});

const cache = check({
  id: "database.cache",
  title: "Hyperdrive",
  asks: "Cloudflare, where `HYPERDRIVE_ID`, `CLOUDFLARE_ACCOUNT_ID` and `CLOUDFLARE_API_TOKEN` are set, whether Hyperdrive keeps answers",
  faults: {
    caching: {
      status: "wrong",
      means: "Hyperdrive answers from its cache: a permission that was taken away would still count.",
      mend: "npx wrangler hyperdrive update <id> --caching-disabled true",
    },
    absent: {
      status: "wrong",
      means: "There is no such Hyperdrive.",
      mend: "npx wrangler hyperdrive list shows their ids.",
    },
  },
  ask: async ({ variables, fetchJson }) => {
    const { HYPERDRIVE_ID, CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN } = variables;
    if (!HYPERDRIVE_ID)
      throw new NotAsked("HYPERDRIVE_ID is not set: the service has none, or nobody says which");
    if (!CLOUDFLARE_ACCOUNT_ID || !CLOUDFLARE_API_TOKEN)
      throw new NotAsked("CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN are not set");
    const api = variables.CLOUDFLARE_API_BASE_URL ?? "https://api.cloudflare.com/client/v4";
    const url = `${api}/accounts/${CLOUDFLARE_ACCOUNT_ID}/hyperdrive/configs/${HYPERDRIVE_ID}`;
    const answer = await fetchJson(url, { authorization: `Bearer ${CLOUDFLARE_API_TOKEN}` }).catch(
      (error: Error) => {
        if (error.message.endsWith("404")) return undefined;
        throw new NotAsked(`Cloudflare does not say: ${error.message}`);
      },
    );
    if (answer === undefined) return { fault: "absent" };
    const { caching } = (answer as { result: { caching?: { disabled?: boolean } } }).result;
    return caching?.disabled === true ? { good: "it keeps no answers" } : { fault: "caching" };
  },
});

export const database: ReadonlyArray<Check> = [
  reachable,
  version,
  writable,
  durable,
  isolation,
  time,
  migrated,
  indexes,
  understands,
  rights,
  shape,
  cache,
];
