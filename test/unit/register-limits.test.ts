/** Interruption, the budget, and what the failures carry. */
import { assert, describe, it } from "@effect/vitest";
import { Cause, Effect, Exit, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { violations } from "../simulation/invariants.ts";
import { foreignUser, refusedCommit } from "../simulation/memory/outcomes.ts";
import { BUDGET_MS, makeScene } from "../simulation/memory/scene.ts";
import type { CallName } from "../simulation/memory/wire.ts";

describe("interruption", () => {
  const steps: ReadonlyArray<CallName> = ["ledger.open", "identity.create", "ledger.commit"];
  for (const on of steps) {
    for (const effect of ["now", "never"] as const) {
      it.effect(`during ${on} that takes effect ${effect} leaves one of the three ends`, () =>
        Effect.gen(function* () {
          const { world, register, rest } = makeScene([{ on, effect, takesMs: 1000 }]);
          const fiber = yield* Effect.forkChild(register());
          yield* TestClock.adjust(effect === "now" ? 999 : 500);
          const exit = yield* Effect.all([Fiber.interrupt(fiber), TestClock.adjust(BUDGET_MS)], {
            concurrency: 2,
          }).pipe(Effect.andThen(Fiber.await(fiber)));
          assert.isTrue(Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause));
          yield* rest();
          assert.deepStrictEqual(violations(world), []);
        }),
      );
    }
  }

  it.effect("during a commit deletes the user, once the fence has shut it out", () =>
    Effect.gen(function* () {
      const { world, wire, register } = makeScene([{ on: "ledger.commit", effect: "never", answer: "hang" }]);
      const fiber = yield* Effect.forkChild(register());
      yield* TestClock.adjust(1000);
      yield* Fiber.interrupt(fiber);
      assert.deepStrictEqual(wire.calls.slice(-3), [
        "ledger.fence",
        "identity.remove",
        "ledger.markRolledBack",
      ]);
      assert.deepStrictEqual(world.users, []);
    }),
  );

  it.effect("during a commit that has landed keeps the user", () =>
    Effect.gen(function* () {
      const { world, register, rest, row } = makeScene([{ on: "ledger.commit", answer: "hang" }]);
      const fiber = yield* Effect.forkChild(register());
      yield* TestClock.adjust(1000);
      yield* Fiber.interrupt(fiber);
      assert.strictEqual(row().state, "registered");
      yield* rest();
      assert.strictEqual(row().state, "completed");
      assert.strictEqual(world.mails.length, 1);
    }),
  );
});

describe("the budget", () => {
  it.effect("over before the create sends none, and keeps nothing", () =>
    Effect.gen(function* () {
      const { wire, register, row } = makeScene([{ on: "ledger.open", takesMs: BUDGET_MS }]);
      const fiber = yield* Effect.forkChild(Effect.flip(register()));
      yield* TestClock.adjust(BUDGET_MS);
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "RegistrationRolledBack");
      assert.notInclude(wire.calls, "identity.create");
      assert.strictEqual(row().state, "rolled_back");
    }),
  );

  it.effect("over before an unfenced delete sends none: others may believe in the commit", () =>
    Effect.gen(function* () {
      const { world, wire, register, rest, row } = makeScene([
        { on: "ledger.commit", takesMs: BUDGET_MS, answer: "unknown" },
        { on: "ledger.commit", effect: "never", answer: "unknown" },
        { on: "ledger.fence", effect: "never", answer: "unknown" },
      ]);
      const fiber = yield* Effect.forkChild(Effect.flip(register()));
      yield* TestClock.adjust(BUDGET_MS);
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "CleanupRequired");
      assert.notInclude(wire.calls, "identity.remove");
      yield* rest();
      assert.strictEqual(row().state, "completed");
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("over does not stop a fenced delete", () =>
    Effect.gen(function* () {
      const { world, register } = makeScene([{ ...refusedCommit, takesMs: BUDGET_MS }]);
      const fiber = yield* Effect.forkChild(Effect.flip(register()));
      yield* TestClock.adjust(BUDGET_MS);
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "RegistrationRolledBack");
      assert.deepStrictEqual(world.users, []);
    }),
  );
});

describe("a failure", () => {
  const reasons = (cause: unknown) =>
    Cause.isCause(cause) ? cause.reasons.map((reason) => reason._tag) : [];

  it.effect("carries both the audit failure and the rollback failure, in that order", () =>
    Effect.gen(function* () {
      const { register } = makeScene([
        refusedCommit,
        { on: "identity.remove", effect: "never", answer: "unknown" },
      ]);
      const failure = yield* Effect.flip(register());
      assert.strictEqual(failure._tag, "CleanupRequired");
      const cause = "cause" in failure ? failure.cause : undefined;
      assert.isTrue(Cause.isCause(cause));
      const tags = Cause.isCause(cause)
        ? cause.reasons.filter(Cause.isFailReason).map(({ error }) => (error as { _tag: string })._tag)
        : [];
      assert.deepStrictEqual(tags, ["NotCommitted", "NotRemoved"]);
    }),
  );

  it.effect("carries the audit failure where the rollback succeeded", () =>
    Effect.gen(function* () {
      const { register } = makeScene([refusedCommit]);
      const failure = yield* Effect.flip(register());
      assert.deepStrictEqual(reasons("cause" in failure ? failure.cause : undefined), ["Fail"]);
    }),
  );

  it.effect("names the registration, so that an operator finds it", () =>
    Effect.gen(function* () {
      const { register, row } = makeScene([foreignUser]);
      const failure = yield* Effect.flip(register());
      assert.strictEqual("operationId" in failure && failure.operationId, row().id);
    }),
  );
});

describe("a pool without ownership tags", () => {
  it.effect("waits for an operator where a lost create may have made the user", () =>
    Effect.gen(function* () {
      const { world, register, sweep, row } = makeScene([{ on: "identity.create", answer: "unknown" }], {
        OWNERSHIP_ATTRIBUTE: "",
      });
      assert.strictEqual((yield* Effect.flip(register()))._tag, "CleanupRequired");
      yield* TestClock.adjust(BUDGET_MS + 1);
      const summary = yield* sweep();
      assert.strictEqual(summary.deferred, 1);
      assert.isTrue(row().needsOperator);
      assert.strictEqual(row().lastError, "NeedsOperator");
      assert.strictEqual(world.users.length, 1);
    }),
  );

  it.effect("still deletes the user whose sub the create returned", () =>
    Effect.gen(function* () {
      const { world, register } = makeScene([refusedCommit], { OWNERSHIP_ATTRIBUTE: "" });
      yield* Effect.flip(register());
      assert.deepStrictEqual(world.users, []);
    }),
  );
});
