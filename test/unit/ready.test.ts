/** Readiness: what is asked, how often, and what each failure is said to mean. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";
import {
  DatabaseError,
  StatementNotSent,
  StatementRefused,
  StatementUnknown,
} from "../../src/ports/database.ts";
import { Settings } from "../../src/ports/settings.ts";
import { type Readiness, Status } from "../../src/ports/status.ts";
import { SigningKeysUnavailable, TokenVerifier } from "../../src/ports/token-verifier.ts";
import { REUSED_FOR_MS, ready } from "../../src/programs/ready.ts";
import { settings } from "../simulation/memory/memory.ts";

const good: Readiness = { migrated: true, overdue: false };
const refused = (reason: DatabaseError["reason"]) =>
  new DatabaseError({
    statement: "status.readiness",
    reason,
    cause: new Error("secret words of a provider"),
  });

interface World {
  answer: Readiness | DatabaseError;
  keys: boolean;
  asked: number;
}

/** A deployment of its own, which nobody has asked before. */
const run = <A>(world: World, effect: Effect.Effect<A, never, Settings | Status | TokenVerifier>) =>
  Effect.provide(
    effect,
    Layer.mergeAll(
      Logger.layer([]),
      Settings.layer(settings()),
      Layer.succeed(Status, {
        readiness: () =>
          Effect.suspend(() => {
            world.asked += 1;
            return world.answer instanceof DatabaseError
              ? Effect.fail(world.answer)
              : Effect.succeed(world.answer);
          }),
        metrics: () => Effect.die("not asked"),
      }),
      Layer.succeed(TokenVerifier, {
        verify: () => Effect.die("not asked"),
        keysAreKnown: Effect.suspend(() =>
          world.keys ? Effect.void : Effect.fail(new SigningKeysUnavailable({ cause: "no route" })),
        ),
      }),
    ),
  );

const worldOf = (more: Partial<World> = {}): World => ({ answer: good, keys: true, asked: 0, ...more });
const checksOf = (world: World) => run(world, ready());

describe("readiness", () => {
  it.effect("says ok of each check where all is well", () =>
    Effect.map(checksOf(worldOf()), (checks) =>
      assert.deepStrictEqual(checks, { database: "ok", schema: "ok", operations: "ok", signingKeys: "ok" }),
    ),
  );

  const ok = { database: "ok", schema: "ok", operations: "ok", signingKeys: "ok" } as const;
  const noSchema = { ...ok, schema: "failing", operations: "unknown" } as const;
  const noDatabase = { ...ok, database: "failing", schema: "unknown", operations: "unknown" } as const;
  it.each([
    ["a migration is missing", { answer: { ...good, migrated: false } }, { ...ok, schema: "failing" }],
    ["something is overdue", { answer: { ...good, overdue: true } }, { ...ok, operations: "failing" }],
    ["the keys are not known", { keys: false }, { ...ok, signingKeys: "failing" }],
    ["a table is missing", { answer: refused(new StatementRefused({ sqlState: "42P01" })) }, noSchema],
    ["a right is missing", { answer: refused(new StatementRefused({ sqlState: "42501" })) }, noSchema],
    ["the schema is missing", { answer: refused(new StatementRefused({ sqlState: "3F000" })) }, noSchema],
    ["the password is wrong", { answer: refused(new StatementRefused({ sqlState: "28P01" })) }, noDatabase],
    ["the database does not answer", { answer: refused(new StatementUnknown()) }, noDatabase],
    [
      "the database cannot be asked",
      { answer: refused(new StatementNotSent({ isForGood: true })) },
      noDatabase,
    ],
  ] as const)("says what is so where %s", async (_, more, expected) => {
    assert.deepStrictEqual(await Effect.runPromise(checksOf(worldOf(more))), expected);
  });

  it.effect("asks once for whoever asks within ten seconds, and again afterwards", () => {
    const world = worldOf();
    return run(
      world,
      Effect.gen(function* () {
        yield* ready();
        world.answer = { ...good, overdue: true };
        yield* TestClock.adjust(REUSED_FOR_MS - 1);
        assert.strictEqual((yield* ready()).operations, "ok");
        assert.strictEqual(world.asked, 1);
        yield* TestClock.adjust(1);
        assert.strictEqual((yield* ready()).operations, "failing");
        assert.strictEqual(world.asked, 2);
      }),
    );
  });

  it.effect("gives a bad answer no longer than a good one", () => {
    const world = worldOf({ keys: false });
    return run(
      world,
      Effect.gen(function* () {
        yield* ready();
        world.keys = true;
        yield* TestClock.adjust(REUSED_FOR_MS);
        assert.strictEqual((yield* ready()).signingKeys, "ok");
      }),
    );
  });
});
