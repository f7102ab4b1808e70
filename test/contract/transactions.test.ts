/**
 * What each way to PostgreSQL makes of a statement whose answer is lost or refused, on the socket; and that every
 * transaction states its isolation and its time limit, whatever the database and the role say.
 */
import { createServer, type Server } from "node:net";
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import pg from "pg";
import type { Fault } from "../../dev/faults.ts";
import { type Stack, startStack } from "../../dev/stack.ts";
import { LedgerPostgres } from "../../src/adapters/postgres/ledger.ts";
import { UserId } from "../../src/domain/user.ts";
import { Awake } from "../../src/ports/budget.ts";
import { Database, type DatabaseError, type Statement } from "../../src/ports/database.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { type Adapter, adapters, hyperdrive, neon, type Opened, pool } from "../support/adapters.ts";
import { beginAs, LEVELS } from "../support/isolation.ts";
import { newId, newSub, registration } from "./ledger.ts";

const LIMIT_MS = 2000;
const limits = { DATABASE_TIMEOUT_MS: String(LIMIT_MS), DATABASE_WAKE_TIMEOUT_MS: String(LIMIT_MS) };

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());
beforeEach(() => stack.reset());

const statement = (text: string): Statement<object> => ({
  name: "test.one",
  text: `/* test.one */ ${text}`,
  parameters: () => [],
});
const ask = (text: string) => Effect.flatMap(Database, (database) => database.query(statement(text), {}));
const askAlone = (text: string) =>
  Effect.flatMap(Database, (database) => database.queryAlone([1n], statement(text), {}));

const opened = Effect.gen(function* () {
  const ledger = yield* Ledger;
  const command = registration(UserId.make(stack.adminSub));
  yield* ledger.open(command);
  return { ledger, id: command.id };
});
const state = async (id: string) =>
  (await stack.query<{ state: string }>("select state from registrar.operation where id = $1", [id]))[0]
    ?.state;

/** A commit with this fault before it: what it fails with, and how its registration is afterwards. */
const commitWith = (fault: Omit<Fault, "target" | "match" | "times">) =>
  Effect.gen(function* () {
    const { ledger, id } = yield* opened;
    stack.faults.set([{ target: "database", match: "ledger.commit", times: 1, ...fault }]);
    const error = yield* Effect.flip(ledger.commit(id, newSub()));
    yield* Effect.promise(() => stack.faults.settled());
    return { error, state: yield* Effect.promise(() => state(id)) };
  });

/** How a new session begins a transaction of which nothing is said. */
const newSessionsBegin = async () => {
  const client = new pg.Client(stack.databaseUrl);
  await client.connect();
  const { rows } = await client.query("show default_transaction_isolation");
  await client.end();
  return rows[0]?.default_transaction_isolation;
};

describe.each([...adapters])("$name: a statement", ({ open }) => {
  let way: Opened;
  beforeAll(async () => {
    way = await open(stack, limits);
  });
  afterAll(() => way.close());

  const run = <A, E>(program: Effect.Effect<A, E, Ledger | Database>) =>
    Effect.runPromise(program.pipe(Effect.provide(LedgerPostgres.pipe(Layer.provideMerge(way.layer)))));

  it.each(["reset", "close", "500", "garbage", "truncate", "hang"] as const)(
    "whose answer is lost (%s) may have committed, and is told as unknown",
    async (answer) => {
      const { error, state } = await run(commitWith({ effect: "applied", answer }));
      assert.strictEqual(error.reason._tag, "StatementUnknown");
      assert.isTrue(error.isRetryable);
      assert.strictEqual(state, "registered");
    },
  );

  it.each(["reset", "close", "500", "garbage", "hang"] as const)(
    "that is lost on its way (%s) is told as unknown, too",
    async (answer) => {
      const { error, state } = await run(commitWith({ effect: "none", answer }));
      assert.strictEqual(error.reason._tag, "StatementUnknown");
      assert.strictEqual(state, "started");
    },
  );

  it("may take effect after its sender has given up", async () => {
    const { error, state } = await run(commitWith({ effect: "applied", answer: "reset", late: 300 }));
    assert.strictEqual(error.reason._tag, "StatementUnknown");
    assert.strictEqual(state, "registered");
  });

  it.each([
    ["23514", "StatementRefused", false],
    ["40001", "StatementRefused", true],
    ["57P01", "StatementUnknown", true],
    ["08006", "StatementUnknown", true],
    ["40003", "StatementUnknown", true],
    ["XX000", "StatementUnknown", true],
    ["", "StatementUnknown", true],
  ] as const)("that PostgreSQL refuses with %j is %s", async (code, reason, isRetryable) => {
    const { error } = await run(commitWith({ effect: "none", answer: "error", code }));
    assert.strictEqual(error.reason._tag, reason);
    assert.strictEqual(error.isRetryable, isRetryable);
  });

  it("is refused by PostgreSQL itself before its time is over, which proves that it was rolled back", async () => {
    const error = (await run(Effect.flip(ask("select pg_sleep(60)")))) as DatabaseError;
    assert.deepInclude(error.reason, { _tag: "StatementRefused", sqlState: "57014" });
    assert.deepStrictEqual(await run(ask("select 1 as one")), [{ one: 1 }]);
  });

  describe.each([...LEVELS])("where sessions begin as %s", (level) => {
    beforeAll(() => beginAs(stack, level));
    afterAll(() => beginAs(stack, undefined));
    const shown =
      "select current_setting('transaction_isolation') as level, current_setting('statement_timeout') as timeout";

    it("states that it is read committed, and its time limit", async () => {
      assert.strictEqual(await newSessionsBegin(), level);
      const stated = [{ level: "read committed", timeout: `${LIMIT_MS * 0.9}ms` }];
      assert.deepStrictEqual(await run(ask(shown)), stated);
      assert.deepStrictEqual(await run(askAlone(shown)), stated);
    });

    it("is not refused because of others at the same time", async () => {
      const one = registration(UserId.make(stack.adminSub));
      const openings = Effect.flatMap(Ledger, (ledger) =>
        Effect.all(
          Array.from({ length: 10 }, () => ledger.open({ ...one, id: newId() })),
          { concurrency: "unbounded" },
        ),
      );
      const tags = (await run(openings)).map(({ _tag }) => _tag);
      assert.deepStrictEqual(
        tags.filter((tag) => tag === "Opened"),
        ["Opened"],
      );
    });
  });
});

describe.each([pool, hyperdrive])("$name: a connection", ({ open }: Adapter) => {
  const askAt = async (url: string) => {
    const way = await open(stack, { ...limits, DATABASE_URL: url });
    const error = await Effect.runPromise(Effect.flip(ask("select 1")).pipe(Effect.provide(way.layer)));
    await way.close();
    return error as DatabaseError;
  };
  const at = (port: number) => {
    const url = new URL(stack.databaseUrl);
    url.port = String(port);
    return url.href;
  };
  const listening = (server: Server) =>
    new Promise<number>((done) => {
      server.listen(0, "127.0.0.1", () => done((server.address() as { port: number }).port));
    });

  it("that nobody takes proves that nothing was written, and the next one may be taken", async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((done) => server.close(done));
    const error = await askAt(at(port));
    assert.strictEqual(error.reason._tag, "StatementNotSent");
    assert.deepStrictEqual([error.isRetryable, error.isRefusal], [true, false]);
  });

  it("that is taken and never answered ends in time, and proves that nothing was written", async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    const port = await listening(server);
    const from = performance.now();
    const error = await askAt(at(port));
    assert.isBelow(performance.now() - from, 5 * LIMIT_MS);
    assert.strictEqual(error.reason._tag, "StatementNotSent");
    server.close();
  });

  it("is not left in a transaction by a machine that vanishes: PostgreSQL ends it after the time limit", async () => {
    const way = await open(stack, limits);
    const shown = ask("select current_setting('idle_in_transaction_session_timeout') as idle");
    const rows = await Effect.runPromise(shown.pipe(Effect.provide(way.layer)));
    await way.close();
    assert.deepStrictEqual(rows, [{ idle: "2s" }]);
  });

  it("with a wrong password is refused, and for good", async () => {
    const url = new URL(stack.databaseUrl);
    url.password = "wrong";
    const error = await askAt(url.href);
    assert.deepInclude(error.reason, { _tag: "StatementRefused", sqlState: "28P01" });
    assert.isTrue(error.isRefusal);
  });
});

describe("a connection of the pool", () => {
  /** Runs a program with one pool, and no more than one connection. */
  const run = async <A, E>(program: Effect.Effect<A, E, Database>) => {
    const way = await pool.open(stack, { ...limits, DATABASE_POOL_SIZE: "1" });
    return Effect.runPromise(program.pipe(Effect.provide(way.layer)));
  };
  const pid = Effect.map(ask("select pg_backend_pid() as pid"), ([row]) => row?.pid);
  const pidsAround = (failing: Effect.Effect<unknown, DatabaseError, Database>) =>
    Effect.gen(function* () {
      const before = yield* pid;
      yield* Effect.flip(failing);
      return { before, after: yield* pid };
    });

  it("is kept where a statement was refused", async () => {
    const { before, after } = await run(pidsAround(ask("select 1/0")));
    assert.strictEqual(after, before);
  });

  it.each(["hang", "reset", "garbage"] as const)(
    "is thrown away where a statement was given up (%s)",
    async (answer) => {
      stack.faults.set([{ target: "database", match: "pg_sleep", effect: "none", answer, times: 1 }]);
      const { before, after } = await run(pidsAround(ask("select pg_sleep(0)")));
      assert.notStrictEqual(after, before);
    },
  );

  it("keeps statements parsed only where that is set", async () => {
    const parsed = ask("select name from pg_prepared_statements");
    assert.deepStrictEqual(await run(parsed), []);
    const way = await pool.open(stack, { ...limits, DATABASE_PREPARED: "true" });
    const twice = Effect.andThen(parsed, parsed).pipe(Effect.provide(way.layer));
    assert.deepStrictEqual(await Effect.runPromise(twice), [{ name: "test.one" }]);
  });
});

describe.each([neon, pool])("$name: the first statement of a request", ({ open }) => {
  it("waits longer than those after it, since the database may be asleep", async () => {
    const patience = { DATABASE_TIMEOUT_MS: "800", DATABASE_WAKE_TIMEOUT_MS: "20000" };
    const way = await open(stack, patience);
    const slow = ask("select 'slow' as word");
    const request = Effect.gen(function* () {
      stack.faults.set([{ target: "database", match: "slow", delayMs: 1500 }]);
      const first = yield* slow;
      return { first, second: yield* Effect.flip(slow) };
    });
    const { first, second } = await Effect.runPromise(
      request.pipe(Effect.provideService(Awake, { known: false }), Effect.provide(way.layer)),
    );
    assert.deepStrictEqual(first, [{ word: "slow" }]);
    assert.strictEqual((second as DatabaseError).reason._tag, "StatementUnknown");
  });
});
