/**
 * What only PostgreSQL can show: times in UTC whatever the audit column's type and the session's time zone are, and
 * rows that the ledger's constraints refuse.
 */
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest";
import { neon, neonConfig } from "@neondatabase/serverless";
import { Effect, Layer } from "effect";
import pg from "pg";
import { type Stack, startStack } from "../../dev/stack.ts";
import { Config, readSettings } from "../../src/config.ts";
import { type Email, UserId } from "../../src/domain/User.ts";
import { NeonLive } from "../../src/services/Neon.ts";
import { Registrations } from "../../src/services/Registrations.ts";
import { RegistrationsSql } from "../../src/services/RegistrationsSql.ts";
import { newId, newSub, someone } from "../contract/ledger.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());
beforeEach(() => stack.query("truncate registration, users_audit"));

const run = <A, E>(program: Effect.Effect<A, E, Registrations>) => {
  const config = Config.layer(readSettings(stack.workerEnv()));
  const layer = RegistrationsSql.pipe(Layer.provide(NeonLive), Layer.provide(config));
  return Effect.runPromise(program.pipe(Effect.provide(layer)));
};

const registered = Effect.gen(function* () {
  const ledger = yield* Registrations;
  const [id, email, sub] = [newId(), someone(), newSub()];
  const caller = UserId.make(stack.adminSub);
  yield* ledger.open({ id, email, caller, kind: "user", roles: [], idempotencyKey: null });
  assert.isTrue(yield* ledger.commit(id, sub));
  return { id, sub };
});

/** Makes a time zone every new session's, ends the old ones, and makes sure that the driver's session has it. */
const setTimeZone = async (zone: string) => {
  await stack.query(
    `do $$ begin execute format('alter database %I set timezone = %L', current_database(), '${zone}'); end $$`,
  );
  await stack.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
  );
  neonConfig.fetchEndpoint = stack.neonEndpoint;
  const sql = neon(stack.databaseUrl);
  const seen = () => sql`select current_setting('timezone') as zone`.catch(() => []);
  for (let tries = 0; tries < 20; tries++) if ((await seen())[0]?.zone === zone) return;
  throw new Error(`sessions do not have ${zone}`);
};

describe("the time of an audit row", () => {
  const types = ["timestamp", "timestamptz"] as const;
  const zones = ["UTC", "Asia/Kolkata", "America/St_Johns"] as const;
  const cases = types.flatMap((type) => zones.map((zone) => ({ type, zone })));

  it.each(cases)("is right for a $type column and sessions in $zone", async ({ type, zone }) => {
    await stack.query(`alter table users_audit alter column "timestamp" type ${type} using '2000-01-01'`);
    await setTimeZone(zone);
    const before = Date.now();
    const { id } = await run(registered);
    // Read as text of UTC, so that no driver has a say in it.
    const utc = type === "timestamp" ? `"timestamp"` : `"timestamp" at time zone 'utc'`;
    const [row] = await stack.query<{ at: string; zone: string }>(
      `select to_char(${utc}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, current_setting('timezone') as zone
         from users_audit where id = $1`,
      [id],
    );
    await setTimeZone("UTC");
    assert.closeTo(Date.parse(row?.at ?? ""), before, 5000);
  });

  it("holds for the history and the answers as well", async () => {
    await setTimeZone("Asia/Kolkata");
    const before = Date.now();
    const attempt = await run(
      Effect.gen(function* () {
        const { id } = yield* registered;
        const found = yield* Effect.flatMap(Registrations, (ledger) => ledger.find(id));
        return found._tag === "Some" ? found.value : yield* Effect.die(new Error("not found"));
      }),
    );
    await setTimeZone("UTC");
    for (const time of [attempt.startedAt, attempt.readAt, attempt.history[1]?.at ?? ""]) {
      assert.closeTo(Date.parse(time), before, 5000);
    }
  });
});

describe("a race", () => {
  /** Somebody's transaction that has written a row for the same address, or key, and not ended yet. */
  const held = async (column: "email" | "idempotency_key", value: string) => {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    await client.query("begin");
    await client.query(
      `insert into registration (id, kind, caller, email, roles, due_at, ${column === "email" ? "state" : column})
       values (gen_random_uuid(), 'user', $1, $2, '{}', now(), $3)`,
      [stack.adminSub, column === "email" ? value : someone(), column === "email" ? "started" : value],
    );
    return async (end: "commit" | "rollback") => {
      await client.query(end);
      await client.end();
    };
  };
  /** Until so many statements wait for somebody else's transaction. */
  const waiting = async (count: number) => {
    const text = "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'";
    while (((await stack.query<{ n: number }>(text))[0]?.n ?? 0) < count) {}
  };
  const ask = (email: Email, idempotencyKey: string | null) =>
    Effect.flatMap(Registrations, (ledger) =>
      ledger.open({
        ...{ id: newId(), email, idempotencyKey, caller: UserId.make(stack.adminSub) },
        ...{ kind: "user", roles: [] },
      }),
    );

  const cases = (["email", "idempotency_key"] as const).flatMap((column) =>
    (["commit", "rollback"] as const).map((end) => ({ column, end })),
  );
  it.each(cases)(
    "of ten openings for one $column after a $end has one winner at the most, and no error",
    async ({ column, end }) => {
      const email = someone();
      const finish = await held(column, column === "email" ? email : "key");
      const asks = Array.from({ length: 10 }, () =>
        column === "email" ? ask(email, null) : ask(someone(), "key"),
      );
      const openings = run(Effect.all(asks, { concurrency: "unbounded" }));
      await waiting(10);
      await finish(end);
      const tags = (await openings).map(({ _tag }) => _tag).sort();
      const losers = Array(end === "commit" ? 10 : 9).fill("Contended");
      assert.deepStrictEqual(tags, end === "commit" ? losers : [...losers, "Opened"]);
    },
  );
});

describe("the table refuses", () => {
  const row = {
    ...{ id: "gen_random_uuid()", kind: "'user'", caller: "gen_random_uuid()", email: "'a@b.example'" },
    ...{ roles: "'{}'", due_at: "now()" },
  };
  const errand = { kind: "'disable'", email: "null", state: "'pending'", sub: "gen_random_uuid()" };
  const bad: ReadonlyArray<readonly [string, Record<string, string>, string]> = [
    ["an unknown kind", { ...errand, kind: "'other'" }, "registration_kind_check"],
    ["an errand with an address", { ...errand, email: "'a@b.example'" }, "registration_errand_has_user"],
    ["an errand without its user", { ...errand, sub: "null" }, "registration_errand_has_user"],
    ["an errand that is started", { ...errand, state: "'started'" }, "registration_errand_has_user"],
    ["an errand that is never due", { ...errand, due_at: "null" }, "registration_open_is_due"],
    ["an attempt without an address", { email: "null" }, "registration_errand_has_user"],
    ["an attempt that is pending", { state: "'pending'" }, "registration_errand_has_user"],
    ["an address with a capital", { email: "'A@b.example'" }, "registration_email_check"],
    ["a longer address", { email: "repeat('a', 129)" }, "registration_email_check"],
    ["an empty key", { idempotency_key: "''" }, "registration_idempotency_key_check"],
    ["an unknown state", { state: "'lost'" }, "registration_state_check"],
    ["an open attempt that is never due", { due_at: "null" }, "registration_open_is_due"],
    [
      "a watch that is never due",
      { state: "'rolled_back'", closed_at: "now()", watch_until: "now()", due_at: "null" },
      "registration_watched_is_due",
    ],
    ["a closed attempt without its time", { state: "'rolled_back'" }, "registration_closed_has_time"],
    ["an open attempt with a closing time", { closed_at: "now()" }, "registration_closed_has_time"],
    ["a registered attempt without its user", { state: "'registered'" }, "registration_user_is_known"],
    [
      "a rejected attempt without its verdict",
      { state: "'rejected'", closed_at: "now()" },
      "registration_rejected_has_verdict",
    ],
    ["a verdict on another attempt", { verdict: "'user_exists'" }, "registration_rejected_has_verdict"],
    ["a watch over an open attempt", { watch_until: "now()" }, "registration_watch_is_closed"],
    [
      "a missing user who was never registered",
      { missing_since: "now()" },
      "registration_missing_is_registered",
    ],
    ["fewer than no tries", { tries: "-1" }, "registration_tries_check"],
  ];
  const insert = (values: Record<string, string>) =>
    stack.query(
      `insert into registration (${Object.keys(values).join(", ")}) values (${Object.values(values).join(", ")})`,
    );
  const constraintOf = (work: Promise<unknown>) =>
    work.then(
      () => "none",
      (error: { constraint?: string }) => error.constraint ?? String(error),
    );

  it.each([...bad])("%s", async (_, values, constraint) => {
    assert.include(await constraintOf(insert({ ...row, ...values })), constraint);
  });

  it("a second open attempt for an address, but not a second closed one", async () => {
    const closed = { ...row, state: "'rolled_back'", closed_at: "now()", due_at: "null" };
    await insert(closed);
    await insert(closed);
    await insert(row);
    assert.strictEqual(
      await constraintOf(insert({ ...row, state: "'rolling_back'" })),
      "registration_open_address",
    );
  });

  it("a second attempt with a caller's key, unless it was rolled back", async () => {
    const keyed = { ...row, caller: "'00000000-0000-4000-8000-000000000001'", idempotency_key: "'k'" };
    const closed = { closed_at: "now()", due_at: "null" };
    await insert({ ...keyed, ...closed, state: "'rolled_back'" });
    await insert({ ...keyed, ...closed, state: "'user_lost'", sub: "gen_random_uuid()" });
    assert.strictEqual(
      await constraintOf(insert({ ...keyed, email: "'other@b.example'" })),
      "registration_key",
    );
  });

  it("a second pending errand of a kind for a user, but not one of another kind or user", async () => {
    const sub = "'00000000-0000-4000-8000-000000000001'";
    await insert({ ...row, ...errand, sub, state: "'done'", closed_at: "now()" });
    await insert({ ...row, ...errand, sub });
    await insert({ ...row, ...errand, sub, kind: "'invite'" });
    await insert({ ...row, ...errand });
    assert.strictEqual(await constraintOf(insert({ ...row, ...errand, sub })), "registration_open_errand");
  });

  it("nothing of an attempt as the worker writes it", async () => {
    assert.strictEqual(await constraintOf(insert(row)), "none");
  });
});
