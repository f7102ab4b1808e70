/** Every row of the law for whoever takes an attempt up later: a sweeper, or a request that meets it. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction } from "../../src/domain/Audit.ts";
import { look } from "../memory/look.ts";
import { alice, attemptId, BUDGET_MS, HORIZON_MS } from "../memory/scene.ts";
import { addUser, clearPool, userAt } from "../memory/World.ts";

describe("started", () => {
  it.effect("waits while its worker may still be at work", () =>
    Effect.gen(function* () {
      const { settlement, wire } = yield* look({ afterMs: BUDGET_MS });
      assert.strictEqual(settlement, "waiting");
      assert.notInclude(wire.calls, "ledger.fence");
    }),
  );

  it.effect("is fenced before its user is looked for", () =>
    Effect.gen(function* () {
      const { settlement, wire, world, row } = yield* look({ afterMs: BUDGET_MS + 1 });
      assert.strictEqual(settlement, "rolled_back");
      assert.deepStrictEqual(wire.calls.slice(2), [
        ...(["ledger.fence", "identity.find", "identity.remove", "ledger.settle"] as const),
      ]);
      assert.deepStrictEqual(world.users, []);
      assert.strictEqual(row().watchUntil, null);
      assert.strictEqual(world.audit[0]?.action, AuditAction.rolledBack);
    }),
  );

  it.effect("is left alone when its commit wins against the fence", () =>
    Effect.gen(function* () {
      const { settlement, world } = yield* look({
        afterMs: BUDGET_MS + 1,
        faults: [
          {
            on: "ledger.fence",
            before: ({ rows }) => {
              const row = rows.get(attemptId(1));
              if (row) rows.set(row.id, { ...row, state: "registered" });
            },
          },
        ],
      });
      assert.strictEqual(settlement, "waiting");
      assert.strictEqual(world.users.length, 1);
    }),
  );
});

describe("rolling_back", () => {
  const change = { state: "rolling_back" } as const;

  it.effect("stays under watch where the address has nobody", () =>
    Effect.gen(function* () {
      const { settlement, row } = yield* look({ change, user: "none", afterMs: 30_000 });
      assert.strictEqual(settlement, "rolled_back");
      assert.strictEqual(row().watchUntil, row().startedAt + 2 * HORIZON_MS + 60_000);
      assert.strictEqual(row().dueAt, row().watchUntil);
    }),
  );

  it.effect("stays under watch past the horizon too: one absent read is not the last", () =>
    Effect.gen(function* () {
      const { row } = yield* look({ change, user: "none", afterMs: 3 * HORIZON_MS });
      assert.strictEqual(row().state, "rolled_back");
      assert.strictEqual(row().watchUntil, 3 * HORIZON_MS + 60_000);
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
      assert.strictEqual(userAt(world, alice)?.mark, null);
      assert.strictEqual(row().state, "rolled_back");
    }),
  );

  it.effect("leaves another's user alone, and stays under watch", () =>
    Effect.gen(function* () {
      const { world, row } = yield* look({ change: { ...change, sub: null }, user: "other" });
      assert.strictEqual(world.users.length, 1);
      assert.isNotNull(row().watchUntil);
    }),
  );

  it.effect.each(["identity.find", "identity.remove", "ledger.settle"] as const)(
    "changes nothing in the ledger when %s gives no answer",
    (on) =>
      Effect.gen(function* () {
        const { row } = yield* look({ change, faults: [{ on, effect: "never", answer: "unknown" }] });
        assert.strictEqual(row().state, "rolling_back");
      }),
  );

  it.effect("waits for an operator where the pool has no marks and the address somebody", () =>
    Effect.gen(function* () {
      const overrides = { OWNERSHIP_ATTRIBUTE: "" };
      const { settlement, world } = yield* look({ change, overrides });
      assert.strictEqual(settlement, "NeedsOperator");
      assert.strictEqual(world.users.length, 1);
    }),
  );
});

describe("an operator's word that the user at the address is another's", () => {
  const change = { state: "rolling_back" } as const;

  it.effect("closes the attempt and leaves him alone, where the pool has no marks", () =>
    Effect.gen(function* () {
      const overrides = { OWNERSHIP_ATTRIBUTE: "" };
      const { settlement, world, row } = yield* look({ change, overrides, leave: true });
      assert.strictEqual(settlement, "rolled_back");
      assert.strictEqual(world.users.length, 1);
      assert.strictEqual(row().state, "rolled_back");
    }),
  );

  it.effect("counts for nothing where the mark says that he is this attempt's", () =>
    Effect.gen(function* () {
      const { settlement, world } = yield* look({ change, leave: true });
      assert.strictEqual(settlement, "rolled_back");
      assert.deepStrictEqual(world.users, []);
    }),
  );

  it.effect("changes nothing of a fresh attempt", () =>
    Effect.gen(function* () {
      const { settlement } = yield* look({ overrides: { OWNERSHIP_ATTRIBUTE: "" }, leave: true });
      assert.strictEqual(settlement, "waiting");
    }),
  );
});

describe("closed", () => {
  const watched = { watchUntil: 60_000, dueAt: 60_000, closedAt: 0 };
  const states = [
    { state: "rolled_back", verdict: null, ...watched },
    { state: "rejected", verdict: "user_exists", ...watched },
  ] as const;

  it.effect.each([...states])("$state waits until its watch is over", (change) =>
    Effect.gen(function* () {
      const { settlement, world } = yield* look({ change, afterMs: 60_000 });
      assert.strictEqual(settlement, "waiting");
      assert.strictEqual(world.users.length, 1);
    }),
  );

  it.effect.each([...states])("$state deletes its own late user at the last look", (change) =>
    Effect.gen(function* () {
      const { settlement, world, row } = yield* look({ change, afterMs: 60_001 });
      assert.strictEqual(settlement, "watch_ended");
      assert.deepStrictEqual(world.users, []);
      assert.deepStrictEqual([row().state, row().watchUntil, row().dueAt], [change.state, null, null]);
    }),
  );

  it.effect.each([...states])("$state leaves another's user alone at the last look", (change) =>
    Effect.gen(function* () {
      const { settlement, world } = yield* look({ change, user: "other", afterMs: 60_001 });
      assert.strictEqual(settlement, "watch_ended");
      assert.strictEqual(world.users.length, 1);
    }),
  );

  it.effect.each([...states])("$state keeps its watch when the last look gets no answer", (change) =>
    Effect.gen(function* () {
      const faults = [{ on: "identity.find", answer: "unknown" } as const];
      const { row } = yield* look({ change, afterMs: 60_001, faults });
      assert.strictEqual(row().watchUntil, 60_000);
    }),
  );

  it.effect.each(["completed", "user_lost"] as const)("%s is nobody's business any more", (state) =>
    Effect.gen(function* () {
      const { settlement, wire } = yield* look({ change: { state, closedAt: 0, dueAt: null } });
      assert.strictEqual(settlement, "waiting");
      assert.deepStrictEqual(wire.calls, ["ledger.open", "ledger.find"]);
    }),
  );
});
