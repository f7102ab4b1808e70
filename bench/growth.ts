/**
 * How the service grows: what each kind of statement costs PostgreSQL beside a thousand, a hundred thousand and ten million rows
 * in each table that grows. `node bench/growth.ts` prints it and writes the plans beside the most rows to bench/plans.txt.
 * `--rows=1000,100000` takes other sizes, and writes nothing.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "../cli/migrate.ts";
import { explain } from "../dev/explain.ts";
import { startPostgres } from "../dev/postgres.ts";
import { roles, seed } from "../dev/seed.ts";
import * as access from "../src/adapters/postgres/access-statements.ts";
import * as audit from "../src/adapters/postgres/audit-statements.ts";
import * as changes from "../src/adapters/postgres/changes-statements.ts";
import * as ledger from "../src/adapters/postgres/ledger-statements.ts";
import { AuditAction, CAN_MANAGE_USERS } from "../src/domain/audit.ts";
import type { Statement } from "../src/ports/database.ts";
import { cpuClock } from "./cpu.ts";
import { type Figure, type Options, print } from "./figures.ts";
import { medianOf } from "./numbers.ts";

const SIZES = [1000, 100_000, 10_000_000];
const QUICK = [100, 1000];

/** A figure stays within so many times its figure at the smallest size. */
const FLAT = 1.2;

/** Of each question, at each size: a median of fewer differs by a third from one time to the next. */
const RUNS = 150;

const admin = "00000000-0000-4000-8000-000000000001";
const viewer = "00000000-0000-4000-8000-000000000002";
/** One of twenty who manage users. */
const MANAGER = "md5('manager ' || n)::uuid";
const USER = "md5('user ' || n / 2)::uuid";
const CALLER = "md5('caller ' || n % 20)::uuid";

/** So many rows a table: most of the work done long ago, a little of it odd. Indexes are made afterwards. */
const fill = async (client: pg.Client, rows: number) => {
  const made = await client.query<{ name: string; definition: string }>(
    `select format('%I.%I', n.nspname, i.relname) as name, pg_get_indexdef(x.indexrelid) as definition
     from pg_index x join pg_class i on i.oid = x.indexrelid join pg_namespace n on n.oid = i.relnamespace
     where n.nspname in ('public', 'registrar') and not exists (select from pg_constraint k where k.conindid = x.indexrelid)`,
  );
  for (const { name } of made.rows) await client.query(`drop index ${name}`);
  const rules = await client.query<{ name: string; definition: string }>(
    `select conname as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where conrelid = 'registrar.operation'::regclass and contype = 'c'`,
  );
  for (const { name } of rules.rows)
    await client.query(`alter table registrar.operation drop constraint ${name}`);
  await client.query("set maintenance_work_mem = '1GB'");
  // Every role is there: none is looked for, row by row.
  await client.query("set session_replication_role = replica");
  await client.query(
    `insert into registrar.operation (id, kind, caller, email, roles, state, sub, started_at, closed_at, due_at, needs_operator)
     select gen_random_uuid(), case when n % 2 = 0 then 'register' else 'enable' end, ${CALLER},
       case when n % 2 = 0 then 'user' || n || '@flip.example' end, '{}',
       case when n % 2 = 1 then 'done' when n % ($1 / 50) = 0 then 'rolling_back' else 'completed' end, ${USER},
       now() - make_interval(secs => n), case when n % 2 = 1 or n % ($1 / 50) <> 0 then now() - make_interval(secs => n) end,
       case when n % 2 = 0 and n % ($1 / 50) = 0 then now() + interval '1 hour' end, n % ($1 / 50) = 0
     from generate_series(1, $1::integer) n`,
    [rows],
  );
  const words = Object.values(AuditAction);
  await client.query(
    `insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp")
     select gen_random_uuid(), ($1::text[])[1 + n % $2], ${USER}, ${CALLER}, now() - make_interval(secs => n)
     from generate_series(1, $3::integer) n`,
    [words, words.length, rows],
  );
  await client.query(
    `insert into user_role (user_id, role_id) select ${USER}, case when n % 2 = 0 then $1::uuid else $2::uuid end
     from generate_series(1, $3::integer) n`,
    [roles.researcher, roles.observer, rows],
  );
  await client.query(
    `insert into user_role (user_id, role_id) select ${MANAGER}, $1 from generate_series(1, 20) n`,
    [roles.admin],
  );
  for (const { definition } of made.rows) await client.query(definition);
  for (const { name, definition } of rules.rows)
    await client.query(`alter table registrar.operation add constraint ${name} ${definition}`);
  await client.query("vacuum analyze");
  await client.query("reset session_replication_role");
};

interface Question {
  readonly name: string;
  readonly statement: Statement<never>;
  readonly values: ReadonlyArray<unknown>;
}

const question = <V>(name: string, statement: Statement<V>, values: V): Question => ({
  name,
  statement: statement as Statement<never>,
  values: statement.parameters(values),
});

const idOf = async (client: pg.Client, text: string): Promise<string> =>
  (await client.query<{ id: string }>("select md5($1)::uuid as id", [text])).rows[0]?.id ?? "";

/** What is asked, of rows that are there at every size. */
const questions = async (client: pg.Client): Promise<ReadonlyArray<Question>> => {
  const [manager, user] = [await idOf(client, "manager 7"), await idOf(client, "user 7")];
  const id = "00000000-0000-4000-8000-000000000003";
  const asked = {
    id,
    caller: admin,
    permission: CAN_MANAGE_USERS,
    budget: 20,
    horizon: 1200,
    actor: "request",
    tag: null,
    askedAt: "2999-01-01T00:00:00Z",
    machines: [],
    ifMatch: null,
    name: null,
    organisation: null,
  };
  const change = (subject: string, kind: string, confirmed: ReadonlyArray<string>) => ({
    ...asked,
    subject,
    kind,
    action: kind,
    confirmed,
  });
  const setting = (subject: string, confirmed: ReadonlyArray<string>) => ({
    ...asked,
    subject,
    roles: [roles.observer],
    confirmed,
  });
  const trail = { actor: null, subject: null, action: null, from: null, at: null, id: null, limit: 51 };
  const list = {
    state: null,
    kind: null,
    needsOperator: null,
    email: null,
    userId: null,
    caller: null,
    from: null,
    at: null,
    id: null,
    limit: 51,
    budget: 20,
    horizon: 1200,
  };
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const registration = {
    ...asked,
    kind: "register",
    email: "new@flip.example",
    roles: [],
    idempotencyKey: "k",
  };
  return [
    question("a permission", access.mayManageUsers, { ...asked, subject: user }),
    question("a registration is opened", ledger.open, registration),
    question("roles of a user", access.setRoles, setting(user, [])),
    question("roles of a manager, who is left is asked", access.setRoles, setting(manager, [])),
    question("roles of a manager", access.setRoles, setting(manager, [admin])),
    question("a manager is disabled", changes.open, change(manager, "disable", [admin])),
    question("a manager is deleted, who is left is asked", changes.open, change(manager, "remove", [])),
    question("a manager is deleted", changes.open, change(manager, "remove", [admin])),
    question("a user is deleted", changes.open, change(user, "remove", [])),
    question("a page of the trail", audit.page, trail),
    question("a page of the trail, one day", audit.page, { ...trail, from: ago(24 * 60), at: ago(5), id }),
    question("a page of the trail, a subject", audit.page, { ...trail, subject: user }),
    question("a page of the trail, an actor", audit.page, {
      ...trail,
      actor: await idOf(client, "caller 7"),
    }),
    question("a page of the trail, an action", audit.page, { ...trail, action: AuditAction.registered }),
    question("a page of operations", ledger.list, list),
    question("operations that need an operator", ledger.list, { ...list, needsOperator: true }),
    question("operations of a rare state", ledger.list, { ...list, state: "rolling_back" }),
    question("operations of a user", ledger.list, { ...list, userId: user }),
    question("an idle sweep", ledger.lease, {
      limit: 0,
      budget: 20,
      horizon: 1200,
      hours: 24,
      addressDays: null,
      operationDays: null,
    }),
  ];
};

/** Milliseconds of PostgreSQL's CPU for one run, parsed and planned anew, and not kept. */
const timed = async (client: pg.Client, { statement, values }: Question, runs: number) => {
  const clock = await cpuClock(client);
  const times: number[] = [];
  for (let nth = 0; nth < runs + 5; nth++) {
    await client.query("begin");
    const from = await clock();
    await client.query(statement.text, [...values]);
    const time = (await clock()) - from;
    await client.query("rollback");
    // The first ones fill the caches.
    if (nth >= 5) times.push(time);
  }
  return medianOf(times);
};

/** What is read of a plan: its nodes, and what it took. Conditions are written out in the statement's own words, at length. */
const NODES = /^\S|^ *(?:->|CTE |InitPlan |SubPlan )|^ {0,2}(?:Buffers|Planning|Execution)/;

/** The longest line, in characters. */
const LINE_LENGTH_MAX = 140;

const readable = (lines: ReadonlyArray<unknown>): string =>
  lines
    .map(String)
    .filter((line) => NODES.test(line))
    .map((line) => (line.length <= LINE_LENGTH_MAX ? line : `${line.slice(0, LINE_LENGTH_MAX)}…`))
    .join("\n");

/** What was found beside so many rows: milliseconds by question, and how each is answered. */
interface Found {
  readonly times: ReadonlyMap<string, number>;
  readonly plans: string;
}

const measure = async (rows: number, runs: number): Promise<Found> => {
  const server = await startPostgres();
  const client = new pg.Client(server.url);
  try {
    await migrate(server.url);
    await client.connect();
    await seed(client, { adminSub: admin, viewerSub: viewer });
    await fill(client, rows);
    const times = new Map<string, number>();
    let plans = "";
    for (const one of await questions(client)) {
      times.set(one.name, await timed(client, one, runs));
      const lines = await explain(client, one.statement, one.values, "text");
      plans += `\n== ${one.name}\n\n${readable(lines)}\n`;
    }
    return { times, plans };
  } finally {
    await client.end().catch(() => {});
    await server.stop();
  }
};

const sizesOf = (args: ReadonlyArray<string>) => {
  const named = args.find((arg) => arg.startsWith("--rows="));
  return named?.slice("--rows=".length).split(",").map(Number);
};

const PLANS = join(import.meta.dirname, "plans.txt");

/** The figures of this part. `quick`: whether it runs at all, and nothing about time. */
export const run = async (
  { quick }: Options,
  chosen?: ReadonlyArray<number>,
): Promise<ReadonlyArray<Figure>> => {
  const sizes = chosen ?? (quick ? QUICK : SIZES);
  const found: Found[] = [];
  for (const rows of sizes) found.push(await measure(rows, quick ? 1 : RUNS));
  const head = `How each question is answered beside ${sizes.at(-1)} rows in each table that grows. Written by "npm run bench".\n`;
  if (chosen === undefined && !quick) await writeFile(PLANS, head + (found.at(-1)?.plans ?? ""));
  const [smallest, ...larger] = found;
  return [...(smallest?.times ?? [])].flatMap(
    ([name, least]): ReadonlyArray<Figure> => [
      { figure: `${name}, ${sizes[0]} rows, ms of CPU`, value: least, target: null, note: "" },
      ...larger.map(({ times }, nth) => {
        const value = times.get(name) ?? Number.NaN;
        const note = `${(value / least).toFixed(2)} times as long`;
        return {
          figure: `${name}, ${sizes[nth + 1]} rows, ms of CPU`,
          value,
          target: { atMost: FLAT * least },
          note,
        };
      }),
    ],
  );
};

if (import.meta.main) {
  const args = process.argv.slice(2);
  const quick = args.includes("--quick");
  print(await run({ quick }, sizesOf(args)));
}
