/** Closing: an operator can end anything that can never be done; the guarantee stays, and what may be left over is said. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { changeNotDone } from "../../src/domain/audit.ts";
import { nextStep } from "../../src/domain/next-step.ts";
import { ChangeKind, type Operation } from "../../src/domain/operation.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { makeChange } from "../../src/programs/change.ts";
import { resolveOperation } from "../../src/programs/operations.ts";
import { violations } from "../simulation/invariants.ts";
import { operationOf } from "../simulation/memory/rows.ts";
import { alice, BUDGET_MS, command, HORIZON_MS, makeScene, operationId } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import { addUser, admin, adminRole, type Row, userAt, viewer } from "../simulation/memory/world.ts";

const withScene = (...[faults, overrides]: Parameters<typeof makeScene>) => {
  const scene = makeScene(faults, overrides);
  // Somebody else than whoever asked for the operation closes it.
  scene.world.grants.set(viewer, new Set([adminRole]));
  const close = (n: number, note?: string) =>
    scene.run(resolveOperation(viewer, operationId(n), { leave: false, close: true, note })).pipe(
      Effect.map(({ resolution }) => resolution as string),
      Effect.catch((error) =>
        Effect.succeed("why" in error ? `${error._tag} ${error.why}` : (error._tag as string)),
      ),
    );
  const last = (n: number) => scene.row(n).history.at(-1);
  const next = (row: Row) =>
    nextStep(
      operationOf(row, {
        world: scene.world,
        terms: {
          budget: BUDGET_MS,
          horizon: HORIZON_MS,
          keyKept: 0,
          addressesKept: null,
          operationsKept: null,
          machines: [],
        },
        now: 0,
        by: "request",
      }) as Operation,
    );
  return { ...scene, close, last, next };
};

describe("a change that is pending", () => {
  const fails = (kind: ChangeKind): Fault => ({
    on: (
      {
        remove: "identity.remove",
        disable: "directory.disable",
        enable: "directory.enable",
        reset_mfa: "directory.resetMfa",
        invite: "identity.invite",
      } as const
    )[kind],
    times: 99,
    effect: "never",
    answer: "unknown",
  });

  it.effect.each([...ChangeKind.literals])(
    "%s: ends as refused, with the operator's words, and the trail says under their id that it may not be done",
    (kind) =>
      Effect.gen(function* () {
        const { world, run, close, row, last, wire, rest, next } = withScene([fails(kind)]);
        const { sub } = addUser(world, alice);
        const asked = { id: operationId(1), kind, caller: admin, subject: sub };
        yield* Effect.flip(run(makeChange(asked)));
        assert.strictEqual(yield* close(1), "CloseNotPossible in_progress");
        assert.strictEqual(row(1).state, "pending");
        yield* TestClock.adjust(BUDGET_MS + 1);
        assert.strictEqual(yield* close(1, "the mailbox is gone"), "closed");
        assert.deepInclude(row(1), { state: "refused", reason: "closed_by_operator", dueAt: null });
        assert.deepInclude(last(1), {
          by: "operator",
          who: viewer,
          note: "closed by an operator: the mailbox is gone",
        });
        assert.match(next(row(1)), /an operator has closed it/);
        const { action, by, userId } = world.audit.at(-1) ?? {};
        assert.deepStrictEqual([action, by, userId], [changeNotDone(kind, "unknown"), viewer, sub]);
        const calls = wire.calls.length;
        yield* rest();
        assert.strictEqual(wire.calls.length, calls, "nobody tries it any more");
        assert.strictEqual(yield* close(1), "already_resolved");
        world.grants.delete(viewer);
        assert.deepStrictEqual(violations(world), []);
      }),
  );

  it.effect("is not closed by who does not manage users", () =>
    Effect.gen(function* () {
      const { world, run, close, row } = withScene([fails("disable")]);
      const { sub } = addUser(world, alice);
      yield* Effect.flip(
        run(makeChange({ id: operationId(1), kind: "disable", caller: admin, subject: sub })),
      );
      yield* TestClock.adjust(BUDGET_MS + 1);
      world.grants.delete(viewer);
      assert.strictEqual(yield* close(1), "Forbidden");
      assert.strictEqual(row(1).state, "pending");
    }),
  );

  it.effect("stays open where the ledger does not answer", () =>
    Effect.gen(function* () {
      const faults: ReadonlyArray<Fault> = [
        fails("disable"),
        { on: "changes.refuse", effect: "never", answer: "unknown" },
      ];
      const { world, run, close, row } = withScene(faults);
      const { sub } = addUser(world, alice);
      yield* Effect.flip(
        run(makeChange({ id: operationId(1), kind: "disable", caller: admin, subject: sub })),
      );
      yield* TestClock.adjust(BUDGET_MS + 1);
      assert.strictEqual(yield* close(1), "Unavailable");
      assert.strictEqual(row(1).state, "pending");
      assert.strictEqual(yield* close(1), "closed");
    }),
  );

  it.effect("in its grace period is closed only when its final check is due", () =>
    Effect.gen(function* () {
      const { world, run, close, row, wire } = withScene();
      const { sub } = addUser(world, alice);
      for (const [n, kind] of [
        [1, "enable"],
        [2, "disable"],
      ] as const) {
        yield* run(makeChange({ id: operationId(n), kind, caller: admin, subject: sub }));
        yield* TestClock.adjust(BUDGET_MS + 1);
        yield* run(resolveOperation(admin, operationId(n), { leave: false, close: false }));
      }
      assert.strictEqual(yield* close(2), "CloseNotPossible grace_period");
      yield* TestClock.adjust(HORIZON_MS + 60_001);
      const calls = wire.calls.filter((call) => call === "directory.disable").length;
      assert.strictEqual(yield* close(2), "closed");
      assert.deepInclude(row(2), { state: "done", graceUntil: null, dueAt: null, needsOperator: false });
      assert.strictEqual(wire.calls.filter((call) => call === "directory.disable").length, calls);
    }),
  );

  it.effect("a call for an operator that nothing is left to do for has been heard", () =>
    Effect.gen(function* () {
      const { world, run, close, row, last } = withScene();
      const { sub } = addUser(world, alice);
      yield* run(makeChange({ id: operationId(1), kind: "enable", caller: admin, subject: sub }));
      yield* TestClock.adjust(BUDGET_MS + 1);
      yield* run(resolveOperation(admin, operationId(1), { leave: false, close: false }));
      world.rows.set(operationId(1), { ...row(1), needsOperator: true });
      assert.strictEqual(yield* close(1, "they stay disabled"), "closed");
      assert.deepInclude(row(1), { state: "done", needsOperator: false });
      assert.strictEqual(last(1)?.note, "closed by an operator: they stay disabled");
      assert.strictEqual(yield* close(1), "already_resolved");
    }),
  );
});

describe("a registration", () => {
  const open = (scene: ReturnType<typeof withScene>, change: Partial<Row> = {}) =>
    Effect.gen(function* () {
      yield* scene.run(Effect.flatMap(Ledger, (ledger) => ledger.open(command())));
      const { sub } = addUser(scene.world, alice, { tag: operationId(1) });
      scene.world.rows.set(operationId(1), { ...scene.row(), ...change });
      return sub;
    });

  for (const state of ["started", "rolling_back"] as const)
    it.effect(
      `that is ${state} is rolled back when its request is gone, and its user is still looked for`,
      () =>
        Effect.gen(function* () {
          const scene = withScene();
          const { world, close, row, last, rest } = scene;
          yield* open(scene, { state });
          assert.strictEqual(yield* close(1), "CloseNotPossible in_progress");
          assert.strictEqual(row().state, state);
          yield* TestClock.adjust(BUDGET_MS + 1);
          assert.strictEqual(yield* close(1, "the address is wrong"), "closed");
          assert.strictEqual(row().state, "rolled_back");
          assert.isNotNull(row().graceUntil);
          assert.deepInclude(last(1), { who: viewer, note: "closed by an operator: the address is wrong" });
          assert.isDefined(userAt(world, alice));
          yield* rest();
          assert.isUndefined(userAt(world, alice), "the final check has found them");
          world.grants.delete(viewer);
          assert.deepStrictEqual(violations(world), []);
        }),
    );

  it.effect("that has been committed meanwhile is left alone", () =>
    Effect.gen(function* () {
      const scene = withScene([
        {
          on: "ledger.fence",
          before: ({ rows, users }) => {
            const row = rows.get(operationId(1));
            const sub = users[0]?.sub ?? null;
            if (row) rows.set(row.id, { ...row, state: "registered", sub });
          },
        },
      ]);
      yield* open(scene);
      yield* TestClock.adjust(BUDGET_MS + 1);
      assert.strictEqual(yield* scene.close(1), "waiting");
      assert.strictEqual(scene.row().state, "registered");
    }),
  );

  for (const state of ["rolled_back", "rejected"] as const)
    it.effect(
      `that is ${state} keeps its final check until that is due; then it says that a user may be left over`,
      () =>
        Effect.gen(function* () {
          const scene = withScene();
          const { world, close, row, last, next, register } = scene;
          const verdict = state === "rejected" ? ("user_exists" as const) : null;
          yield* open(scene, { state, verdict, closedAt: 0, graceUntil: 60_000, dueAt: 60_000 });
          assert.strictEqual(yield* close(1), "CloseNotPossible grace_period");
          yield* TestClock.adjust(60_001);
          assert.strictEqual(yield* close(1), "closed");
          assert.deepInclude(row(), { state, graceUntil: null, dueAt: null });
          assert.match(last(1)?.note ?? "", /^closed by an operator \(.*a user may be left over\)$/);
          assert.match(next(row()), /the next registration of the address finds and deletes them/);
          assert.isDefined(userAt(world, alice));
          yield* register({ id: operationId(2) });
          assert.strictEqual(userAt(world, alice)?.tag, operationId(2));
        }),
    );

  it.effect("that is registered is completed when its request cannot undo it any more, uninvited", () =>
    Effect.gen(function* () {
      const scene = withScene();
      const { world, close, row, last } = scene;
      yield* open(scene, { state: "registered", sub: addUser(world, "x@hospital.example").sub });
      yield* TestClock.adjust(HORIZON_MS);
      assert.strictEqual(yield* close(1), "CloseNotPossible in_progress");
      yield* TestClock.adjust(1);
      assert.strictEqual(yield* close(1), "closed");
      assert.deepInclude(row(), { state: "completed", dueAt: null });
      assert.strictEqual(last(1)?.note, "closed by an operator (the invitation may not have been sent)");
      assert.deepStrictEqual(world.mails, []);
    }),
  );

  it.effect("of a pool without tags is closed without a word about whose the user is", () =>
    Effect.gen(function* () {
      const scene = withScene([], { OWNERSHIP_ATTRIBUTE: "" });
      const { world, close, row } = scene;
      yield* open(scene, { state: "rolling_back" });
      yield* TestClock.adjust(BUDGET_MS + 1);
      assert.strictEqual(yield* close(1), "closed");
      yield* TestClock.adjust(3 * HORIZON_MS);
      assert.strictEqual(yield* close(1), "closed");
      assert.deepInclude(row(), { state: "rolled_back", dueAt: null });
      assert.isDefined(userAt(world, alice));
    }),
  );
});
