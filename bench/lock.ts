/**
 * What taking turns costs: commits of registrations a second, over connections of their own, with a time on the way between the
 * messages of a transaction. The same statement in three ways, in one run: without any lock, with the user's as the service
 * takes it, and with one lock for all, as it was before. `node bench/lock.ts` prints it.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { migrate } from "../cli/migrate.ts";
import { type Postgres, startPostgres } from "../dev/postgres.ts";
import { commit } from "../src/adapters/postgres/ledger-statements.ts";
import { lockOf, MANAGERS } from "../src/adapters/postgres/locks.ts";
import { UserId } from "../src/domain/user.ts";
import { type Lock, taking } from "../src/ports/database.ts";
import { type Figure, type Options, print } from "./figures.ts";
import { medianOf } from "./numbers.ts";

const CONNECTIONS = 32;

/** Milliseconds on the way, and which part of the commits without any lock there has to be. */
const WAYS = [
  { pause: 0, target: 0.95 },
  { pause: 1, target: 0.95 },
  { pause: 5, target: 0.85 },
] as const;

const LOCKS: Readonly<Record<string, (user: UserId) => ReadonlyArray<Lock>>> = {
  none: () => [],
  "the user's": (user) => [lockOf(user)],
  "one for all": () => [MANAGERS],
};

/** Registrations that wait for their commit. */
const open = async (pool: pg.Pool, count: number): Promise<string[]> => {
  await pool.query("truncate registrar.operation, users_audit, user_role");
  const { rows } = await pool.query<{ id: string }>(
    `insert into registrar.operation (id, kind, caller, email, roles, due_at)
     select gen_random_uuid(), 'register', $1, 'user' || n || '@flip.example', '{}', now() + interval '20 seconds'
     from generate_series(1, $2::integer) n returning id`,
    [randomUUID(), count],
  );
  return rows.map(({ id }) => id);
};

/** One commit, message by message as src/adapters/pg/transaction.ts sends it. */
const commitOne = async (
  client: pg.ClientBase,
  id: string,
  locks: (user: UserId) => ReadonlyArray<Lock>,
  pause: number,
) => {
  const user = UserId.make(randomUUID());
  const taken = locks(user);
  const wait = pause === 0 ? async () => {} : () => sleep(pause);
  await client.query(
    `begin isolation level read committed; set local statement_timeout = 60000; set local lock_timeout = 60000${
      taken.length === 0 ? "" : `; select ${taking(taken)}`
    }`,
  );
  await wait();
  const values = commit.parameters({ id, sub: user, known: null, horizon: 1200, actor: "request" });
  await client.query({ name: commit.name, text: commit.text, values: [...values] });
  await wait();
  await client.query("commit");
};

/** Commits a second. */
const rate = async (
  pool: pg.Pool,
  count: number,
  locks: (user: UserId) => ReadonlyArray<Lock>,
  pause: number,
) => {
  const ids = await open(pool, count);
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.connect()));
  const from = performance.now();
  try {
    await Promise.all(
      clients.map(async (client) => {
        for (let id = ids.pop(); id !== undefined; id = ids.pop()) await commitOne(client, id, locks, pause);
      }),
    );
    return count / ((performance.now() - from) / 1000);
  } finally {
    for (const client of clients) client.release();
  }
};

const measure = async (server: Postgres, quick: boolean): Promise<ReadonlyArray<Figure>> => {
  await migrate(server.url);
  const pool = new pg.Pool({ connectionString: server.url, max: CONNECTIONS });
  const [rounds, count] = quick ? [1, 200] : [9, 800];
  const figures: Figure[] = [];
  try {
    // Every connection has parsed the statement, and every page has been written once.
    await rate(pool, count, () => [], 0);
    for (const { pause, target } of WAYS) {
      const rates: Record<string, number>[] = [];
      for (let round = 0; round < rounds; round++) {
        const found: Record<string, number> = {};
        // In turn, forwards and backwards: what the machine does beside it strikes all alike.
        const order = Object.entries(LOCKS);
        for (const [name, locks] of round % 2 === 0 ? order : order.toReversed())
          found[name] = await rate(pool, name === "one for all" ? count / 4 : count, locks, pause);
        rates.push(found);
      }
      for (const name of Object.keys(LOCKS)) {
        const part = medianOf(rates.map((found) => (found[name] ?? Number.NaN) / (found.none ?? Number.NaN)));
        figures.push({
          figure: `commits a second, ${CONNECTIONS} connections, ${pause} ms between messages, lock: ${name}`,
          value: medianOf(rates.map((found) => found[name] ?? Number.NaN)),
          target: null,
          note: name === "none" ? "" : `${part.toFixed(2)} of no lock at all, in the same round`,
        });
        if (name === "the user's")
          figures.push({
            figure: `the same, of no lock at all in the same round, ${pause} ms`,
            value: part,
            target: { atLeast: target },
            note: "",
          });
      }
    }
  } finally {
    await pool.end();
  }
  return figures;
};

/** The figures of this part. `quick`: whether it runs at all, and nothing about time. */
export const run = async ({ quick }: Options): Promise<ReadonlyArray<Figure>> => {
  const server = await startPostgres();
  try {
    return await measure(server, quick);
  } finally {
    await server.stop();
  }
};

if (import.meta.main) print(await run({ quick: process.argv.includes("--quick") }));
