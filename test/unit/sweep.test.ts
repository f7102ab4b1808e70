/** The sweeper: bounded batches, one registration's trouble kept from the others, back-off, and its account of itself. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { Email } from "../../src/domain/user.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { finishInBackground } from "../../src/programs/register/finish.ts";
import { violations } from "../simulation/invariants.ts";
import { BUDGET_MS, command, HORIZON_MS, makeScene, operationId } from "../simulation/memory/scene.ts";

const abandonedRegistrations = Effect.fnUntraced(function* (
  count: number,
  ...more: Parameters<typeof makeScene>
) {
  const scene = makeScene(...more);
  for (let n = 1; n <= count; n++) {
    const email = Email.make(`user-${n}@hospital.example`);
    const request = command({ id: operationId(n), email });
    yield* scene.run(Effect.flatMap(Ledger, (ledger) => ledger.open(request)));
  }
  yield* TestClock.adjust(BUDGET_MS + 1);
  return scene;
});

describe("a sweep", () => {
  it.effect("resolves all that is due, and counts it", () =>
    Effect.gen(function* () {
      const { sweep } = yield* abandonedRegistrations(20);
      const summary = yield* sweep();
      assert.strictEqual(summary.leased, 20);
      assert.strictEqual(summary.rolled_back, 20);
      assert.strictEqual(summary.open, 20, "they are still in their grace period");
    }),
  );

  it.effect("takes up no more than its batch", () =>
    Effect.gen(function* () {
      const { sweep } = yield* abandonedRegistrations(20, [], { SWEEP_BATCH: "7" });
      assert.strictEqual((yield* sweep()).leased, 7);
      assert.strictEqual((yield* sweep()).leased, 7);
      assert.strictEqual((yield* sweep()).leased, 6);
      assert.strictEqual((yield* sweep()).leased, 0);
    }),
  );

  it.effect("stops taking up more when its time is over", () =>
    Effect.gen(function* () {
      const slow = [{ on: "identity.find", times: 1000, takesMs: 2000 } as const];
      const { sweep } = yield* abandonedRegistrations(20, slow, { SWEEP_SECONDS: "3" });
      const fiber = yield* Effect.forkChild(sweep());
      yield* TestClock.adjust(60_000);
      assert.strictEqual((yield* Fiber.join(fiber)).leased, 12);
    }),
  );

  it.effect("keeps one registration's trouble from the others, and notes it in the row", () =>
    Effect.gen(function* () {
      const { sweep, world } = yield* abandonedRegistrations(5, [
        { on: "identity.find", effect: "never", answer: "throttled" },
        { on: "identity.find", answer: "crash" },
      ]);
      const summary = yield* sweep();
      assert.deepStrictEqual([summary.rolled_back, summary.deferred], [3, 2]);
      const errors = [...world.rows.values()].flatMap(({ lastError }) => lastError ?? []);
      assert.sameMembers(errors, ["find: Throttled", "Defect"]);
    }),
  );

  it.effect("backs off, tags a registration for an operator after ten tries, and then tries daily", () =>
    Effect.gen(function* () {
      const { sweep, row } = yield* abandonedRegistrations(1, [
        { on: "identity.find", times: 1000, effect: "never", answer: "unknown" },
      ]);
      const waits: Array<number> = [];
      let before = 0;
      for (let registration = 1; registration <= 13; registration++) {
        const due = row().dueAt ?? 0;
        waits.push(Math.round((due - before) / 60_000));
        before = due;
        yield* TestClock.setTime(Math.max(due, BUDGET_MS + 1));
        yield* sweep();
        assert.strictEqual(row().needsOperator, registration >= 10, `after try ${registration}`);
      }
      assert.deepStrictEqual(waits.slice(1), [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 1440, 1440]);
    }),
  );

  it.effect("fails where the ledger cannot be read at all", () =>
    Effect.gen(function* () {
      const { sweep } = makeScene([{ on: "ledger.lease", effect: "never", answer: "unknown" }]);
      assert.strictEqual((yield* Effect.flip(sweep()))._tag, "DatabaseError");
    }),
  );

  it.effect("gives an account with gaps where the ledger falls silent after the first lease", () =>
    Effect.gen(function* () {
      const { sweep } = yield* abandonedRegistrations(9, [
        { on: "ledger.lease", skip: 1, effect: "never", answer: "unknown" },
        { on: "ledger.expireKeys", effect: "never", answer: "unknown" },
      ]);
      const summary = yield* sweep();
      assert.deepStrictEqual([summary.leased, summary.rolled_back], [6, 6]);
      assert.deepStrictEqual([summary.open, summary.needOperator, summary.keysExpired], [null, null, null]);
      assert.strictEqual((yield* sweep()).leased, 3, "what it had not leased is there for the next");
    }),
  );

  it.effect("signs its moves in the history", () =>
    Effect.gen(function* () {
      const { sweep, row } = yield* abandonedRegistrations(1);
      yield* sweep();
      assert.deepStrictEqual(
        row().history.map(({ state, by }) => `${state} ${by}`),
        ["started request", "rolling_back sweeper", "rolled_back sweeper"],
      );
    }),
  );

  it.effect("resolves each registration once however many sweepers run at a time", () =>
    Effect.gen(function* () {
      const { sweep, wire } = yield* abandonedRegistrations(30);
      const summaries = yield* Effect.all([sweep(), sweep(), sweep()], { concurrency: 3 });
      assert.strictEqual(
        summaries.reduce((sum, { rolled_back }) => sum + rolled_back, 0),
        30,
      );
      assert.strictEqual(wire.calls.filter((call) => call === "ledger.fence").length, 30);
    }),
  );

  it.effect("finds a crowd of lost registrations in the end at one of their ends", () =>
    Effect.gen(function* () {
      const { world, rest } = yield* abandonedRegistrations(100);
      yield* rest();
      assert.deepStrictEqual(violations(world), []);
    }),
  );
});

describe("after a 200", () => {
  it.effect("the invitation leaves once, and the registration is completed", () =>
    Effect.gen(function* () {
      const { world, register, run, row, sweep } = makeScene();
      const { registration, userId } = yield* register();
      yield* run(finishInBackground(registration, userId));
      assert.strictEqual(row().state, "completed");
      yield* TestClock.adjust(HORIZON_MS * 2);
      assert.strictEqual((yield* sweep()).leased, 0);
      assert.strictEqual(world.mails.length, 1);
    }),
  );

  it.effect.each(["ledger.acknowledge", "identity.invite", "ledger.complete"] as const)(
    "the sweeper finishes when %s is lost",
    (on) =>
      Effect.gen(function* () {
        const { world, register, run, rest, row } = makeScene([{ on, effect: "never", answer: "unknown" }]);
        const { registration, userId } = yield* register();
        yield* Effect.ignore(run(finishInBackground(registration, userId)));
        yield* rest();
        assert.strictEqual(row().state, "completed");
        assert.isAtMost(world.mails.length, 2);
        assert.deepStrictEqual(violations(world), []);
      }),
  );

  it.effect("no mail leaves where none is wanted", () =>
    Effect.gen(function* () {
      const { world, register, run, row } = makeScene([], { INVITATION: "none" });
      const { registration, userId } = yield* register();
      yield* run(finishInBackground(registration, userId));
      assert.strictEqual(row().state, "completed");
      assert.deepStrictEqual(world.mails, []);
    }),
  );
});
