/** The ledger as a whole, in PostgreSQL: the numbers are those of the rows, now and later, and cost no more when it grows. */
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { type Stack, startStack } from "../../dev/stack.ts";
import { DatabaseNeon } from "../../src/adapters/neon/database.ts";
import { StatusPostgres } from "../../src/adapters/postgres/status.ts";
import * as statements from "../../src/adapters/postgres/status-statements.ts";
import { Settings } from "../../src/ports/settings.ts";
import { type Metrics, Status } from "../../src/ports/status.ts";
import { readSettings } from "../../src/settings.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());
beforeEach(() => stack.query("truncate registrar.operation, registrar.closed_count"));

const run = <A, E>(program: Effect.Effect<A, E, Status>) => {
  const config = Settings.layer(readSettings(stack.workerEnv()));
  const layer = StatusPostgres.pipe(Layer.provide(DatabaseNeon), Layer.provide(config));
  return Effect.runPromise(program.pipe(Effect.provide(layer)));
};
const metrics = () => run(Effect.flatMap(Status, (status) => status.metrics()));
const readiness = () => run(Effect.flatMap(Status, (status) => status.readiness()));

interface Row {
  readonly kind?: string;
  readonly state: string;
  readonly verdict?: string;
  readonly reason?: string;
  /** Minutes ago; null: it is not closed. */
  readonly closed?: number | null;
  /** Minutes ago; null: nothing is due. */
  readonly due?: number | null;
  readonly started?: number;
  readonly needsOperator?: boolean;
  readonly grace?: boolean;
}

/** Writes so many rows of a kind down. */
const write = (
  { kind = "register", state, closed = null, due = null, started = 60, ...more }: Row,
  times = 1,
) => {
  const isRegistration = kind.startsWith("register");
  return stack.query(
    `insert into registrar.operation
       (id, kind, caller, email, roles, state, verdict, reason, sub, started_at, closed_at, due_at, needs_operator, grace_until)
     select gen_random_uuid(), $1, gen_random_uuid(), case when $2 then gen_random_uuid() || '@flip.example' end, '{}',
       $3, $4, $5, gen_random_uuid(), now() - make_interval(mins => $6), now() - make_interval(mins => $7),
       now() - make_interval(mins => $8), $9, case when $10 then now() end
     from generate_series(1, $11)`,
    [
      kind,
      isRegistration,
      state,
      more.verdict ?? null,
      more.reason ?? null,
      started,
      closed,
      due,
      more.needsOperator === true,
      more.grace === true,
      times,
    ],
  );
};

/** The number of those that have ended so; 0 where none has. */
const closedOf = ({ closed }: Metrics, kind: string, state: string, reason = ""): number =>
  closed.find((one) => one.kind === kind && one.state === state && one.reason === reason)?.count ?? 0;

const keptUntil = async (): Promise<Date | undefined> =>
  (await stack.query<{ at: Date }>("select counted_until as at from registrar.closed_count"))[0]?.at;

describe("the metrics", () => {
  it("of an empty ledger are zeros", async () => {
    assert.deepStrictEqual(await metrics(), {
      closed: [],
      open: [],
      inGracePeriod: [],
      due: 0,
      overdue: 0,
      needOperator: 0,
      oldestOpenAge: 0,
      newestClosedAt: null,
    });
  });

  it("count what is open, what is due, and who needs an operator", async () => {
    await write({ state: "started", due: -1, started: 5 }, 2);
    await write({ state: "rolling_back", due: 2, started: 90 });
    await write({ kind: "remove", state: "pending", due: 6, needsOperator: true });
    await write({ state: "rolled_back", closed: 1, due: -20, grace: true, started: 500 });
    await write({ state: "completed", closed: 3, needsOperator: true });
    const read = await metrics();
    assert.deepStrictEqual(read.open, [
      { kind: "register", state: "rolling_back", count: 1 },
      { kind: "register", state: "started", count: 2 },
      { kind: "remove", state: "pending", count: 1 },
    ]);
    assert.deepStrictEqual(read.inGracePeriod, [{ kind: "register", state: "rolled_back", count: 1 }]);
    assert.deepStrictEqual([read.due, read.overdue, read.needOperator], [2, 1, 2]);
    assert.approximately(read.oldestOpenAge, 90 * 60, 30);
    assert.approximately(read.newestClosedAt ?? 0, Date.now() / 1000 - 60, 30);
  });

  it("count by kind, state and reason what was closed, however long ago", async () => {
    await write({ state: "completed", closed: 1 }, 3);
    await write({ state: "completed", closed: 100_000 }, 4);
    await write({ state: "rejected", verdict: "user_exists", closed: 30 }, 2);
    await write({ state: "rejected", verdict: "create_refused", reason: "pool_rule", closed: 5 });
    await write({ kind: "invite", state: "refused", reason: "superseded", closed: 60 });
    for (const again of [1, 2, 3]) {
      const read = await metrics();
      const seen = [
        closedOf(read, "register", "completed"),
        closedOf(read, "register", "rejected", "user_exists"),
        closedOf(read, "register", "rejected", "pool_rule"),
        closedOf(read, "invite", "refused", "superseded"),
      ];
      assert.deepStrictEqual(seen, [7, 2, 1, 1], `${again}`);
    }
  });

  it("never fall when closed operations are deleted, and go on from there", async () => {
    await write({ state: "completed", closed: 1000 }, 5);
    await metrics();
    await stack.query("delete from registrar.operation");
    assert.strictEqual(closedOf(await metrics(), "register", "completed"), 5);
    await write({ state: "completed", closed: 1 }, 2);
    assert.strictEqual(closedOf(await metrics(), "register", "completed"), 7);
  });

  it("do not keep what was closed a moment ago: a move that is still on its way may be older", async () => {
    await write({ state: "completed", closed: 1 });
    await metrics();
    const until = await keptUntil();
    assert.isAtMost(until?.getTime() ?? Number.NaN, Date.now() - 9 * 60_000);
    await write({ state: "completed", closed: 9 });
    assert.strictEqual(closedOf(await metrics(), "register", "completed"), 2);
  });

  it("keep the numbers anew only when ten minutes more can be kept", async () => {
    await metrics();
    const first = await keptUntil();
    await metrics();
    assert.deepStrictEqual(await keptUntil(), first);
    await stack.query("update registrar.closed_count set counted_until = now() - interval '21 minutes'");
    await write({ state: "completed", closed: 15 });
    assert.strictEqual(closedOf(await metrics(), "register", "completed"), 1);
    assert.isAbove((await keptUntil())?.getTime() ?? 0, Date.now() - 11 * 60_000);
    assert.strictEqual(closedOf(await metrics(), "register", "completed"), 1);
  });

  it("of a long ledger are counted in several steps, each of which shows more, until all is counted", async () => {
    for (const closed of [5000, 4000, 3000]) await write({ state: "completed", closed }, 70);
    await write({ state: "completed", closed: 1 });
    const shown: number[] = [];
    for (let step = 0; step < 4; step++) {
      const values = statements.metrics.parameters({ atOnce: 100 });
      const [row] = await stack.query<{ closed: Metrics["closed"] }>(statements.metrics.text, [...values]);
      shown.push(row?.closed[0]?.count ?? 0);
    }
    // What shares its time with the last of a step is shown already, and counted again with the next.
    assert.deepStrictEqual(shown, [100, 170, 211, 211]);
  });

  it("are right for everybody who counts at once", async () => {
    await write({ state: "completed", closed: 40 }, 30);
    for (let round = 0; round < 5; round++) {
      await stack.query(
        "update registrar.closed_count set counted_until = counted_until - interval '15 minutes', counts = '[]'",
      );
      await stack.query("truncate registrar.closed_count");
      const read = await Promise.all(Array.from({ length: 6 }, metrics));
      for (const one of [...read, await metrics()])
        assert.strictEqual(closedOf(one, "register", "completed"), 30);
    }
  });
});

describe("readiness", () => {
  it("is given where the migrations have run and nothing is overdue", async () => {
    await write({ state: "started", due: 4 });
    assert.deepStrictEqual(await readiness(), { migrated: true, overdue: false });
  });

  it.each(["started", "completed", "pending", "registered"])(
    "is not, where a row that is %s was due more than five minutes ago",
    async (state) => {
      const kind = state === "pending" ? "disable" : "register";
      if (state === "completed") await write({ state: "rolled_back", closed: 50, due: 6, grace: true });
      else await write({ kind, state, due: 6 });
      assert.deepStrictEqual(await readiness(), { migrated: true, overdue: true });
    },
  );

  it("is not, where an older version has migrated the database, and is where a newer one has", async () => {
    const version = (change: string) =>
      stack.query(`update registrar.schema_version set version = version ${change}`);
    await version("- 1");
    assert.deepStrictEqual(await readiness(), { migrated: false, overdue: false });
    await version("+ 2");
    assert.deepStrictEqual(await readiness(), { migrated: true, overdue: false });
    await version("- 1");
  });
});
