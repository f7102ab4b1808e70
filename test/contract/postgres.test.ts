/**
 * What only PostgreSQL can show: times in UTC whatever the audit column's type and the session's time zone are, and
 * rows that the ledger's constraints refuse.
 */
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest";
import { neon, neonConfig } from "@neondatabase/serverless";
import { Effect, Layer } from "effect";
import pg from "pg";
import { migrate } from "../../cli/migrate.ts";
import { type Stack, startStack } from "../../dev/stack.ts";
import { DatabaseNeon } from "../../src/adapters/neon/database.ts";
import { AccessPostgres } from "../../src/adapters/postgres/access.ts";
import { AuditTrailPostgres } from "../../src/adapters/postgres/audit-trail.ts";
import { ChangesPostgres } from "../../src/adapters/postgres/changes.ts";
import { LedgerPostgres } from "../../src/adapters/postgres/ledger.ts";
import { lockOf } from "../../src/adapters/postgres/locks.ts";
import { type Email, UserId } from "../../src/domain/user.ts";
import { Access } from "../../src/ports/access.ts";
import { AuditTrail } from "../../src/ports/audit-trail.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { Settings } from "../../src/ports/settings.ts";
import { readSettings } from "../../src/settings.ts";
import { timesNotInUtc } from "../support/times.ts";
import { askedAt, BUDGET, everything, known, newId, newSub, registration, someone } from "./ledger.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());
beforeEach(() => stack.query("truncate registrar.operation, registrar.denial, users_audit"));

const run = <A, E>(program: Effect.Effect<A, E, Ledger | Changes | AuditTrail>) => {
  const config = Settings.layer(readSettings(stack.workerEnv()));
  const layer = Layer.mergeAll(LedgerPostgres, ChangesPostgres, AuditTrailPostgres).pipe(
    Layer.provide(DatabaseNeon),
    Layer.provide(config),
  );
  return Effect.runPromise(program.pipe(Effect.provide(layer)));
};

const registered = Effect.gen(function* () {
  const ledger = yield* Ledger;
  const sub = newSub();
  const command = registration(UserId.make(stack.adminSub));
  const { id } = command;
  yield* ledger.open(command);
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
    const registration = await run(
      Effect.gen(function* () {
        const { id } = yield* registered;
        const found = yield* Effect.flatMap(Ledger, (ledger) => ledger.find(id));
        return found._tag === "Some" ? known(found.value) : yield* Effect.die(new Error("not found"));
      }),
    );
    await setTimeZone("UTC");
    for (const time of [registration.startedAt, registration.readAt, registration.history[1]?.at ?? ""]) {
      assert.closeTo(Date.parse(time), before, 5000);
    }
  });
});

/** Until so many statements wait for somebody else's transaction. */
const waitingForLock = async (count: number) => {
  const text = "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'";
  while (((await stack.query<{ n: number }>(text))[0]?.n ?? 0) < count) {}
};
describe("every time that the ledger and the trail answer", () => {
  it("is in UTC, with a Z, whatever zone the database has", async () => {
    await setTimeZone("Asia/Kolkata");
    const caller = UserId.make(stack.adminSub);
    const answers = await run(
      Effect.gen(function* () {
        const [ledger, changes, trail] = [yield* Ledger, yield* Changes, yield* AuditTrail];
        const opening = yield* ledger.open(registration(caller, { idempotencyKey: "k" }));
        const held = yield* ledger.open(registration(caller, { idempotencyKey: "k" }));
        const { id, sub } = yield* registered;
        yield* ledger.missing(id, new Date().toISOString());
        const asked = { id: newId(), caller, subject: sub, tag: null, askedAt, confirmed: [] };
        const change = yield* changes.open({ ...asked, kind: "disable" });
        const found = yield* ledger.find(id);
        const page = yield* ledger.list({ ...everything, limit: 1 });
        const rest = yield* ledger.list({ ...everything, cursor: page.next, limit: 9 });
        yield* Effect.promise(() => stack.age(3600));
        const leased = yield* ledger.lease(10);
        assert.deepStrictEqual([rest.items.length, leased.operations.length], [2, 3]);
        const none = { actor: null, subject: null, action: null, from: null, until: null, cursor: null };
        const audit = yield* trail.page({ ...none, limit: 1 });
        return { opening, held, change, found, page, rest, leased, audit };
      }),
    );
    await setTimeZone("UTC");
    assert.deepStrictEqual(timesNotInUtc(answers), []);
    assert.isAtLeast(JSON.stringify(answers).match(/\.\d{6}Z/g)?.length ?? 0, 25);
  });
});

describe("a race", () => {
  /** Somebody's transaction that has written a row for the same address, or key, and not ended yet. */
  const held = async (column: "email" | "idempotency_key", value: string) => {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    await client.query("begin");
    await client.query(
      `insert into registrar.operation (id, kind, caller, email, roles, due_at, ${column === "email" ? "state" : column})
       values (gen_random_uuid(), 'register', $1, $2, '{}', now(), $3)`,
      [stack.adminSub, column === "email" ? value : someone(), column === "email" ? "started" : value],
    );
    return async (end: "commit" | "rollback") => {
      await client.query(end);
      await client.end();
    };
  };
  const ask = (email: Email, idempotencyKey: string | null) =>
    Effect.flatMap(Ledger, (ledger) =>
      ledger.open(registration(UserId.make(stack.adminSub), { email, idempotencyKey })),
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
      await waitingForLock(10);
      await finish(end);
      const tags = (await openings).map(({ _tag }) => _tag).sort();
      const losers = Array(end === "commit" ? 10 : 9).fill("Contended");
      assert.deepStrictEqual(tags, end === "commit" ? losers : [...losers, "Opened"]);
    },
  );
});

describe("a statement that has waited for its turn", () => {
  const services = () => {
    const config = Settings.layer(readSettings(stack.workerEnv()));
    return Layer.mergeAll(AccessPostgres, ChangesPostgres).pipe(
      Layer.provide(DatabaseNeon),
      Layer.provide(config),
    );
  };

  it("reads the clock when its turn has come, and does nothing where the budget is over by then", async () => {
    const user = newSub();
    const caller = UserId.make(stack.adminSub);
    const holder = new pg.Client(stack.databaseUrl);
    await holder.connect();
    await holder.query(`select pg_advisory_lock(${lockOf(user)})`);
    // The budget ends in a quarter of a second: after the statements have begun, and before they have their turn.
    const [clock] = await stack.query<{ asked: string }>(
      `select to_jsonb(clock_timestamp() - make_interval(secs => $1 - 0.25))#>>'{}' as asked`,
      [BUDGET],
    );
    const command = { caller, subject: user, tag: null, askedAt: clock?.asked ?? "", confirmed: [] };
    const asked = Effect.gen(function* () {
      const [access, changes] = [yield* Access, yield* Changes];
      return yield* Effect.all(
        [
          access.setRoles({ ...command, id: newId(), roles: [] }),
          changes.open({ ...command, id: newId(), kind: "disable" }),
        ],
        { concurrency: "unbounded" },
      );
    });
    const answers = Effect.runPromise(asked.pipe(Effect.provide(services())));
    await waitingForLock(2);
    const over = "select clock_timestamp() > $1::timestamptz + make_interval(secs => $2) as yes";
    while ((await stack.query<{ yes: boolean }>(over, [clock?.asked, BUDGET]))[0]?.yes !== true) {}
    await holder.end();
    assert.deepStrictEqual(await answers, [{ _tag: "TooLate" }, { _tag: "TooLate" }]);
    assert.deepStrictEqual(await stack.query("select from users_audit where user_id = $1", [user]), []);
  });
});

describe("what the ledger forgets", () => {
  it("is no address whose key it had no room to forget, however many there are", async () => {
    await stack.query(
      `insert into registrar.operation (id, kind, caller, email, roles, state, idempotency_key, started_at, closed_at)
       select gen_random_uuid(), 'register', $1, n || '@a.example', '{}', 'rolled_back', 'key ' || n,
         now() - interval '90 days', now() - interval '90 days'
       from generate_series(1, 1100) n`,
      [stack.adminSub],
    );
    const config = Settings.layer(readSettings({ ...stack.workerEnv(), OPERATION_ADDRESS_DAYS: "30" }));
    const layer = LedgerPostgres.pipe(Layer.provide(DatabaseNeon), Layer.provide(config));
    const expire = Effect.flatMap(Ledger, (ledger) => ledger.expire()).pipe(Effect.provide(layer));
    const counts = await Effect.runPromise(Effect.all([expire, expire]));
    assert.deepStrictEqual(
      counts.map(({ keysExpired, addressesForgotten }) => [keysExpired, addressesForgotten]),
      [
        [1000, 0],
        [100, 200],
      ],
    );
  });
});

describe("the table refuses", () => {
  const row = {
    id: "gen_random_uuid()",
    kind: "'register'",
    caller: "gen_random_uuid()",
    email: "'a@b.example'",
    roles: "'{}'",
    due_at: "now()",
  };
  const change = { kind: "'disable'", email: "null", state: "'pending'", sub: "gen_random_uuid()" };
  const bad: ReadonlyArray<readonly [string, Record<string, string>, string]> = [
    ["an unknown kind", { ...change, kind: "'other'" }, "operation_kind_is_known"],
    ["a change with an address", { ...change, email: "'a@b.example'" }, "operation_change_has_user"],
    ["a change without its user", { ...change, sub: "null" }, "operation_change_has_user"],
    ["a change that is started", { ...change, state: "'started'" }, "operation_change_has_user"],
    ["a change that is never due", { ...change, due_at: "null" }, "operation_open_is_due"],
    ["a registration without an address", { email: "null" }, "operation_address_is_known"],
    [
      "one without an address in its grace period",
      { state: "'rolled_back'", closed_at: "now()", email: "null" },
      "operation_address_is_known",
    ],
    [
      "one without an address whose key may be asked for",
      {
        state: "'rolled_back'",
        closed_at: "now()",
        due_at: "null",
        email: "null",
        idempotency_key: "'k'",
      },
      "operation_address_is_known",
    ],
    ["a change with a name", { ...change, name: "'Ada'" }, "operation_change_has_user"],
    ["a registration that is pending", { state: "'pending'" }, "operation_change_has_user"],
    ["an address with a capital", { email: "'A@b.example'" }, "operation_email_is_folded"],
    ["a longer address", { email: "repeat('a', 129)" }, "operation_email_is_folded"],
    ["an empty key", { idempotency_key: "''" }, "operation_key_has_a_length"],
    ["an unknown state", { state: "'lost'" }, "operation_state_is_known"],
    ["an open registration that is never due", { due_at: "null" }, "operation_open_is_due"],
    [
      "a grace period that is never due",
      { state: "'rolled_back'", closed_at: "now()", grace_until: "now()", due_at: "null" },
      "operation_grace_is_due",
    ],
    ["a closed registration without its time", { state: "'rolled_back'" }, "operation_closed_has_time"],
    ["an open registration with a closing time", { closed_at: "now()" }, "operation_closed_has_time"],
    ["a registered registration without its user", { state: "'registered'" }, "operation_user_is_known"],
    [
      "a rejected registration without its verdict",
      { state: "'rejected'", closed_at: "now()" },
      "operation_rejected_has_verdict",
    ],
    ["a verdict on another registration", { verdict: "'user_exists'" }, "operation_rejected_has_verdict"],
    ["a grace period of an open registration", { grace_until: "now()" }, "operation_grace_is_closed"],
    [
      "a missing user who was never registered",
      { missing_since: "now()" },
      "operation_missing_is_registered",
    ],
    ["fewer than no tries", { tries: "-1" }, "operation_tries_are_counted"],
    ["an empty name", { name: "''" }, "operation_name_has_a_length"],
    ["a longer organisation", { organisation: "repeat('a', 256)" }, "operation_organisation_has_a_length"],
    [
      "an unknown verdict",
      { state: "'rejected'", closed_at: "now()", verdict: "'other'" },
      "operation_verdict_is_known",
    ],
    [
      "an unknown reason",
      { ...change, state: "'refused'", closed_at: "now()", due_at: "null", reason: "'because'" },
      "operation_reason_is_known",
    ],
    [
      "a refused change without a reason",
      { ...change, state: "'refused'", closed_at: "now()", due_at: "null" },
      "operation_refused_has_reason",
    ],
  ];
  const insert = (values: Record<string, string>) =>
    stack.query(
      `insert into registrar.operation (${Object.keys(values).join(", ")}) values (${Object.values(values).join(", ")})`,
    );
  const constraintOf = (work: Promise<unknown>) =>
    work.then(
      () => "none",
      (error: { constraint?: string }) => error.constraint ?? String(error),
    );

  it.each([...bad])("%s", async (_, values, constraint) => {
    assert.strictEqual(await constraintOf(insert({ ...row, ...values })), constraint);
  });

  it("what breaks any of its rules: each is broken above", async () => {
    const rows = await stack.query("select pg_get_functiondef('registrar.is_sound'::regproc) as text");
    const rules = [...String(rows[0]?.text).matchAll(/then '(\w+)'/g)].map(([, rule]) => `operation_${rule}`);
    assert.deepStrictEqual([...new Set(bad.map(([, , rule]) => rule))].sort(), [...new Set(rules)].sort());
  });

  it("the same where its rules were constraints before, once it has migrated", async () => {
    await stack.query("alter table registrar.operation drop constraint operation_is_sound");
    await stack.query(
      "alter table registrar.operation add constraint operation_tries_check check (tries >= 0)",
    );
    await migrate(stack.databaseUrl);
    const rows = await stack.query(
      "select conname from pg_constraint where conrelid = 'registrar.operation'::regclass and contype = 'c'",
    );
    assert.deepStrictEqual(rows, [{ conname: "operation_is_sound" }]);
    assert.strictEqual(await constraintOf(insert({ ...row, tries: "-1" })), "operation_tries_are_counted");
  });

  it("a second open registration for an address, but not a second closed one", async () => {
    const closed = { ...row, state: "'rolled_back'", closed_at: "now()", due_at: "null" };
    await insert(closed);
    await insert(closed);
    await insert(row);
    assert.strictEqual(
      await constraintOf(insert({ ...row, state: "'rolling_back'" })),
      "operation_open_address",
    );
  });

  it("a second registration with a caller's key, unless it was rolled back", async () => {
    const keyed = { ...row, caller: "'00000000-0000-4000-8000-000000000001'", idempotency_key: "'k'" };
    const closed = { closed_at: "now()", due_at: "null" };
    await insert({ ...keyed, ...closed, state: "'rolled_back'" });
    await insert({ ...keyed, ...closed, state: "'user_lost'", sub: "gen_random_uuid()" });
    assert.strictEqual(await constraintOf(insert({ ...keyed, email: "'other@b.example'" })), "operation_key");
  });

  it("a second pending change of a kind for a user, but not one of another kind or user", async () => {
    const sub = "'00000000-0000-4000-8000-000000000001'";
    await insert({ ...row, ...change, sub, state: "'done'", closed_at: "now()" });
    await insert({ ...row, ...change, sub });
    await insert({ ...row, ...change, sub, kind: "'invite'" });
    await insert({ ...row, ...change });
    assert.strictEqual(await constraintOf(insert({ ...row, ...change, sub })), "operation_open_change");
  });

  it("nothing of a registration as the worker writes it", async () => {
    assert.strictEqual(await constraintOf(insert(row)), "none");
  });
});
