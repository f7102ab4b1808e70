/**
 * What a registration costs PostgreSQL: the CPU of one connection for the transactions of a registration, sent as Neon's proxy and
 * pools send them, in each way to have a statement planned, beside the three statements of the endpoint that keeps no ledger.
 * `node bench/statements.ts` prints it.
 */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { migrate } from "../cli/migrate.ts";
import { startPostgres } from "../dev/postgres.ts";
import { roles, seed } from "../dev/seed.ts";
import { acknowledge, commit, complete, open } from "../src/adapters/postgres/ledger-statements.ts";
import { CAN_MANAGE_USERS } from "../src/domain/audit.ts";
import type { Statement } from "../src/ports/database.ts";
import { cpuClock } from "./cpu.ts";
import { type Figure, type Options, print } from "./figures.ts";
import { medianOf } from "./numbers.ts";

/** So many times what the three statements cost. */
const TARGET = 2;

/** Registrations in a row in one way, before another has its turn. */
const IN_A_ROW = 50;

interface Step {
  readonly name: string;
  readonly text: string;
  readonly source: string;
  readonly values: unknown[];
}

const step = <V>(statement: Statement<V>, values: V): Step => ({
  name: statement.name,
  text: statement.text,
  source: statement.source ?? statement.text,
  values: [...statement.parameters(values)],
});

/** One registration that succeeds. */
const registration = (caller: string): ReadonlyArray<Step> => {
  const [id, actor, horizon] = [randomUUID(), "request", 1200];
  const asked = { id, caller, kind: "register", email: `${id}@flip.example`, roles: [roles.researcher] };
  const permission = CAN_MANAGE_USERS;
  return [
    step(open, {
      ...asked,
      name: null,
      organisation: null,
      idempotencyKey: id,
      permission,
      budget: 20,
      horizon,
      actor,
    }),
    step(commit, { id, sub: randomUUID(), known: null, horizon, actor }),
    step(acknowledge, { id }),
    step(complete, { id, note: null, needsOperator: false, actor }),
  ];
};

/** Each parsed and planned by a message of its own, as over HTTP. */
const anew = (text: string, values: unknown[]) => ({ text, values, queryMode: "extended" });

const limits = anew(
  "select set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true)",
  ["3600", "2000"],
);

/** How a step's own message is sent, by the way. */
const WAYS = {
  "functions, as they are sent": ({ text, values }: Step) => anew(text, values),
  "functions, prepared": ({ name, text, values }: Step) => ({ name, text, values }),
  "statements, parsed and planned each time": ({ source, values }: Step) => anew(source, values),
  "statements, prepared": ({ name, source, values }: Step) => ({
    name: `${name} itself`,
    text: source,
    values,
  }),
};

const PLAIN: ReadonlyArray<(admin: string) => ReturnType<typeof anew>> = [
  (admin) =>
    anew(
      "select role_permission.permission_id from user_role join role_permission using (role_id) where user_role.user_id = $1",
      [admin],
    ),
  () => anew("select id from roles", []),
  (admin) =>
    anew(
      `insert into users_audit (id, action, user_id, modified_by_user_id, "timestamp") values ($1, $2, $3, $4, $5)`,
      [randomUUID(), "Registered user", randomUUID(), admin, new Date().toISOString()],
    ),
];

/** The figures of this part. `quick`: whether it runs at all, and nothing about time. */
export const run = async ({ quick }: Options): Promise<ReadonlyArray<Figure>> => {
  const server = await startPostgres();
  const client = new pg.Client(server.url);
  try {
    await migrate(server.url);
    await client.connect();
    const admin = randomUUID();
    await seed(client, { adminSub: admin, viewerSub: randomUUID() });
    const clock = await cpuClock(client);
    const times = new Map<string, number[]>();
    const timed = async (name: string, work: () => Promise<unknown>) => {
      const from = await clock();
      await work();
      const spent = (await clock()) - from;
      times.set(name, [...(times.get(name) ?? []), spent]);
      return spent;
    };
    const plain = () =>
      timed("plain", async () => {
        for (const query of PLAIN) await client.query(query(admin));
      });
    const ours = async (way: keyof typeof WAYS) => {
      let sum = 0;
      for (const one of registration(admin))
        sum += await timed(`${way}: ${one.name}`, async () => {
          await client.query("begin isolation level read committed");
          await client.query(limits);
          await client.query(WAYS[way](one));
          await client.query("commit");
        });
      times.set(way, [...(times.get(way) ?? []), sum]);
    };
    const ways = Object.keys(WAYS) as ReadonlyArray<keyof typeof WAYS>;
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      for (let n = 0; n < (quick ? 2 : IN_A_ROW); n++) await plain();
      for (const way of round % 2 === 0 ? ways : ways.toReversed())
        for (let n = 0; n < (quick ? 2 : IN_A_ROW); n++) await ours(way);
    }
    const base = medianOf(times.get("plain") ?? []);
    return [...times].map(([name, spent]) => ({
      figure: `PostgreSQL's CPU for a registration, ms, ${name}`,
      value: medianOf(spent),
      target: name === ways[0] ? { atMost: TARGET * base } : null,
      note: `${(medianOf(spent) / base).toFixed(2)} times the three statements`,
    }));
  } finally {
    await client.end().catch(() => {});
    await server.stop();
  }
};

if (import.meta.main) print(await run({ quick: process.argv.includes("--quick") }));
