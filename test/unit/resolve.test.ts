/** Every row of the protocol for whoever takes a registration up later: a sweeper, or a request that meets it. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { AuditAction } from "../../src/domain/audit.ts";
import { look } from "../simulation/memory/look.ts";
import { alice, BUDGET_MS, HORIZON_MS, makeScene, operationId } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import { addUser, clearPool, type Row, userAt, type World } from "../simulation/memory/world.ts";

describe("started", () => {
  it.effect("waits while its worker may still be at work", () =>
    Effect.gen(function* () {
      const { resolution, wire } = yield* look({ afterMs: BUDGET_MS });
      assert.strictEqual(resolution, "waiting");
      assert.notInclude(wire.calls, "ledger.fence");
    }),
  );

  it.effect("is fenced before its user is looked for", () =>
    Effect.gen(function* () {
      const { resolution, wire, world, row } = yield* look({ afterMs: BUDGET_MS + 1 });
      assert.strictEqual(resolution, "rolled_back");
      assert.deepStrictEqual(wire.calls.slice(2), [
        "ledger.fence",
        "identity.find",
        "identity.remove",
        "ledger.markRolledBack",
      ]);
      assert.deepStrictEqual(world.users, []);
      assert.strictEqual(row().graceUntil, null);
      assert.strictEqual(world.audit[0]?.action, AuditAction.rolledBack);
    }),
  );

  it.effect("is left alone when its commit wins against the fence", () =>
    Effect.gen(function* () {
      const { resolution, world } = yield* look({
        afterMs: BUDGET_MS + 1,
        faults: [
          {
            on: "ledger.fence",
            before: ({ rows }) => {
              const row = rows.get(operationId(1));
              if (row) rows.set(row.id, { ...row, state: "registered" });
            },
          },
        ],
      });
      assert.strictEqual(resolution, "waiting");
      assert.strictEqual(world.users.length, 1);
    }),
  );
});

describe("rolling_back", () => {
  const change = { state: "rolling_back" } as const;

  it.effect("stays in its grace period where the address has nobody", () =>
    Effect.gen(function* () {
      const { resolution, row } = yield* look({ change, user: "none", afterMs: 30_000 });
      assert.strictEqual(resolution, "rolled_back");
      assert.strictEqual(row().graceUntil, row().startedAt + 2 * HORIZON_MS + 60_000);
      assert.strictEqual(row().dueAt, row().graceUntil);
    }),
  );

  it.effect("stays in its grace period past the horizon too: one absent read is not the last", () =>
    Effect.gen(function* () {
      const { row } = yield* look({ change, user: "none", afterMs: 3 * HORIZON_MS });
      assert.strictEqual(row().state, "rolled_back");
      assert.strictEqual(row().graceUntil, 3 * HORIZON_MS + 60_000);
    }),
  );

  it.effect("never deletes by address: who has it by then stays", () =>
    Effect.gen(function* () {
      const { world, row } = yield* look({
        change,
        faults: [
          {
            on: "identity.remove",
            before: (changed) => {
              clearPool(changed);
              addUser(changed, alice);
            },
          },
        ],
      });
      assert.strictEqual(userAt(world, alice)?.tag, null);
      assert.strictEqual(row().state, "rolled_back");
    }),
  );

  it.effect("leaves a foreign user alone, and stays in its grace period", () =>
    Effect.gen(function* () {
      const { world, row } = yield* look({ change: { ...change, sub: null }, user: "other" });
      assert.strictEqual(world.users.length, 1);
      assert.isNotNull(row().graceUntil);
    }),
  );

  it.effect.each(["identity.find", "identity.remove", "ledger.markRolledBack"] as const)(
    "changes nothing in the ledger when %s gives no answer",
    (on) =>
      Effect.gen(function* () {
        const { row } = yield* look({ change, faults: [{ on, effect: "never", answer: "unknown" }] });
        assert.strictEqual(row().state, "rolling_back");
      }),
  );

  it.effect("waits for an operator where the pool has no tags and the address somebody", () =>
    Effect.gen(function* () {
      const overrides = { OWNERSHIP_ATTRIBUTE: "" };
      const { resolution, world } = yield* look({ change, overrides });
      assert.strictEqual(resolution, "NeedsOperator");
      assert.strictEqual(world.users.length, 1);
    }),
  );
});

describe("without tags, a user whom another registration has registered", () => {
  const overrides = { OWNERSHIP_ATTRIBUTE: "" };
  const other = (world: World, change: Partial<Row>) => {
    const row = [...world.rows.values()][0] as Row;
    const user = userAt(world, alice);
    const registered = { state: "completed", sub: user?.sub ?? null } as const;
    world.rows.set(operationId(2), { ...row, id: operationId(2), ...registered, dueAt: null, ...change });
  };
  const meeting = (change: Partial<Row>): Fault => ({
    on: "identity.find",
    before: (world) => other(world, change),
  });

  it.effect.each(["registered", "completed"] as const)("is %s: nobody is asked to delete them", (state) =>
    Effect.gen(function* () {
      const faults = [meeting({ state })];
      const { resolution, world, row } = yield* look({
        change: { state: "rolling_back" },
        overrides,
        faults,
      });
      assert.strictEqual(resolution, "rolled_back");
      assert.strictEqual(world.users.length, 1);
      assert.isNotNull(row().graceUntil);
    }),
  );

  it.effect("ends the final check as well", () =>
    Effect.gen(function* () {
      const change = { state: "rolled_back", graceUntil: 60_000, dueAt: 60_000, closedAt: 0 } as const;
      const { resolution, world } = yield* look({
        change,
        overrides,
        faults: [meeting({})],
        afterMs: 60_001,
      });
      assert.strictEqual(resolution, "grace_ended");
      assert.strictEqual(world.users.length, 1);
    }),
  );

  it.effect("is waited for while the other registration is open: it may be theirs", () =>
    Effect.gen(function* () {
      const faults = [meeting({ state: "started", sub: null })];
      const change = { state: "rolled_back", graceUntil: 60_000, dueAt: 60_000, closedAt: 0 } as const;
      const { resolution } = yield* look({ change, overrides, faults, afterMs: 60_001 });
      assert.strictEqual(resolution, "waiting");
    }),
  );

  it.effect("has the address: a create with an unknown outcome is refused, and not tracked", () =>
    Effect.gen(function* () {
      const { register, rest, world, row } = makeScene(
        [{ on: "identity.create", skip: 1, effect: "never", answer: "unknown" }],
        overrides,
      );
      yield* register();
      yield* rest();
      const failure = yield* Effect.flip(register({ id: operationId(2) }));
      assert.strictEqual(failure._tag, "UserExists");
      yield* rest();
      yield* TestClock.adjust(2 * HORIZON_MS);
      yield* rest();
      assert.deepStrictEqual([row(2).state, row(2).needsOperator], ["rejected", false]);
      assert.strictEqual(world.users.length, 1);
    }),
  );
});

describe("an operator's word that the user at the address is another's", () => {
  const change = { state: "rolling_back" } as const;

  it.effect("closes the registration and leaves the user alone, where the pool has no tags", () =>
    Effect.gen(function* () {
      const overrides = { OWNERSHIP_ATTRIBUTE: "" };
      const { resolution, world, row } = yield* look({ change, overrides, leave: true });
      assert.strictEqual(resolution, "rolled_back");
      assert.strictEqual(world.users.length, 1);
      assert.strictEqual(row().state, "rolled_back");
    }),
  );

  it.effect("counts for nothing where the tag says that the user is this registration's", () =>
    Effect.gen(function* () {
      const { resolution, world } = yield* look({ change, leave: true });
      assert.strictEqual(resolution, "rolled_back");
      assert.deepStrictEqual(world.users, []);
    }),
  );

  it.effect("changes nothing of a fresh registration", () =>
    Effect.gen(function* () {
      const { resolution } = yield* look({ overrides: { OWNERSHIP_ATTRIBUTE: "" }, leave: true });
      assert.strictEqual(resolution, "waiting");
    }),
  );
});

describe("closed", () => {
  const graced = { graceUntil: 60_000, dueAt: 60_000, closedAt: 0 };
  const states = [
    { state: "rolled_back", verdict: null, ...graced },
    { state: "rejected", verdict: "user_exists", ...graced },
  ] as const;

  it.effect.each([...states])("$state waits until its grace period is over", (change) =>
    Effect.gen(function* () {
      const { resolution, world } = yield* look({ change, afterMs: 60_000 });
      assert.strictEqual(resolution, "waiting");
      assert.strictEqual(world.users.length, 1);
    }),
  );

  it.effect.each([...states])("$state deletes its own late user at the final check", (change) =>
    Effect.gen(function* () {
      const { resolution, world, row } = yield* look({ change, afterMs: 60_001 });
      assert.strictEqual(resolution, "grace_ended");
      assert.deepStrictEqual(world.users, []);
      assert.deepStrictEqual([row().state, row().graceUntil, row().dueAt], [change.state, null, null]);
    }),
  );

  it.effect.each([...states])("$state leaves a foreign user alone at the final check", (change) =>
    Effect.gen(function* () {
      const { resolution, world } = yield* look({ change, user: "other", afterMs: 60_001 });
      assert.strictEqual(resolution, "grace_ended");
      assert.strictEqual(world.users.length, 1);
    }),
  );

  it.effect.each([...states])("$state keeps its grace period when the final check gets no answer", (change) =>
    Effect.gen(function* () {
      const faults = [{ on: "identity.find", answer: "unknown" } as const];
      const { row } = yield* look({ change, afterMs: 60_001, faults });
      assert.strictEqual(row().graceUntil, 60_000);
    }),
  );

  it.effect.each(["completed", "user_lost"] as const)("%s is nobody's business any more", (state) =>
    Effect.gen(function* () {
      const { resolution, wire } = yield* look({ change: { state, closedAt: 0, dueAt: null } });
      assert.strictEqual(resolution, "waiting");
      assert.deepStrictEqual(wire.calls, ["ledger.open", "ledger.find"]);
    }),
  );
});
