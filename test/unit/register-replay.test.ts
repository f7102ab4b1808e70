/** What a second request hears: the same idempotency key again, or an address that another registration holds. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import type { RegisterUser } from "../../src/domain/operation.ts";
import { violations } from "../simulation/invariants.ts";
import { alice, BUDGET_MS, bob, HORIZON_MS, makeScene, operationId } from "../simulation/memory/scene.ts";
import { adminRole, type Row, researcherRole, userAt } from "../simulation/memory/world.ts";

const key = { idempotencyKey: "k-1" };
const second = { id: operationId(2), ...key };

const heard = (answer: Effect.Effect<{ readonly replayed: boolean }, { readonly _tag: string }>) =>
  answer.pipe(
    Effect.map(({ replayed }) => (replayed ? "replayed" : "registered")),
    Effect.catch(({ _tag }) => Effect.succeed(_tag)),
  );

describe("the same key again", () => {
  const states: ReadonlyArray<{ change: Partial<Row>; title: string; says: string }> = [
    { title: "replays a completed registration", change: { state: "completed" }, says: "replayed" },
    { title: "replays an acknowledged one", change: { acknowledgedAt: 1 }, says: "replayed" },
    {
      title: "asks to wait for a registered one that nobody has been told of",
      change: {},
      says: "RegistrationInProgress",
    },
    {
      title: "repeats that the address was taken",
      change: { state: "rejected", verdict: "user_exists" },
      says: "UserExists",
    },
    {
      title: "repeats that Cognito refused",
      change: { state: "rejected", verdict: "create_refused", reason: "password_policy" },
      says: "CreateRefused",
    },
    {
      title: "repeats the verdict of a rejected registration in its grace period, which will not change",
      change: { state: "rejected", verdict: "user_exists", graceUntil: 1 },
      says: "UserExists",
    },
    { title: "says that the user was removed since", change: { state: "user_lost" }, says: "UserLost" },
    {
      title: "asks to wait for a fresh registration",
      change: { state: "started" },
      says: "RegistrationInProgress",
    },
  ];
  it.effect.each([...states])("$title", ({ change, says }) =>
    Effect.gen(function* () {
      const { world, register, row } = makeScene();
      yield* register(key);
      world.rows.set(operationId(1), { ...row(), ...change });
      assert.strictEqual(yield* heard(register(second)), says);
      assert.strictEqual(world.rows.size, 1);
      assert.strictEqual(world.users.length, 1);
    }),
  );

  const gone: ReadonlyArray<{ title: string; change: Partial<Row> }> = [
    { title: "is to be removed", change: { kind: "remove", state: "pending", email: null } },
    { title: "was removed", change: { kind: "remove", state: "done", email: null } },
    { title: "another registration has lost", change: { state: "user_lost", idempotencyKey: null } },
  ];
  for (const state of ["completed", "registered"] as const) {
    it.effect.each([...gone])(
      `says of a ${state} registration that its user is gone, whom somebody $title`,
      ({ change }) =>
        Effect.gen(function* () {
          const { world, register, row } = makeScene();
          yield* register(key);
          world.rows.set(operationId(1), { ...row(), state, acknowledgedAt: 1 });
          world.rows.set(operationId(9), { ...row(), id: operationId(9), ...change });
          assert.strictEqual(yield* heard(register(second)), "UserLost");
          world.rows.set(operationId(9), { ...row(9), kind: "disable" });
          if (change.kind === "remove") assert.strictEqual(yield* heard(register(second)), "replayed");
        }),
    );
  }

  it.effect("runs again where the first was rolled back", () =>
    Effect.gen(function* () {
      const { world, register, rest } = makeScene([
        { on: "ledger.commit", effect: "never", answer: "refused" },
      ]);
      assert.strictEqual(yield* heard(register(key)), "RegistrationRolledBack");
      assert.strictEqual(yield* heard(register(second)), "registered");
      yield* rest();
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("resolves a stale registration first, and then registers", () =>
    Effect.gen(function* () {
      const { world, register, rest, row } = makeScene([
        { on: "identity.create", answer: "unknown" },
        { on: "identity.find", answer: "unknown" },
      ]);
      assert.strictEqual(yield* heard(register(key)), "CleanupRequired");
      assert.strictEqual(yield* heard(register(second)), "RegistrationInProgress");
      yield* TestClock.adjust(BUDGET_MS + 1);
      assert.strictEqual(yield* heard(register({ ...second, id: operationId(3) })), "registered");
      assert.strictEqual(row(1).state, "rolled_back");
      yield* rest();
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  const others: ReadonlyArray<{ title: string; request: Partial<RegisterUser>; says: string }> = [
    { title: "another address", request: { email: bob }, says: "IdempotencyKeyReused" },
    { title: "other roles", request: { roles: [adminRole] }, says: "IdempotencyKeyReused" },
    { title: "another endpoint", request: { kind: "register_with_roles" }, says: "IdempotencyKeyReused" },
    { title: "the same roles twice", request: { roles: [researcherRole, researcherRole] }, says: "replayed" },
  ];
  it.effect.each([...others])("with $title says $says", ({ request, says }) =>
    Effect.gen(function* () {
      const { register, rest } = makeScene();
      yield* register(key);
      yield* rest();
      assert.strictEqual(yield* heard(register({ ...second, ...request })), says);
    }),
  );
});

describe("the address of another registration", () => {
  it.effect("asks to wait for a fresh one, and touches nothing", () =>
    Effect.gen(function* () {
      const { register, wire } = makeScene([
        { on: "identity.create", answer: "unknown" },
        { on: "identity.find", answer: "unknown" },
      ]);
      yield* Effect.flip(register());
      wire.calls.length = 0;
      const failure = yield* Effect.flip(register({ id: operationId(2) }));
      assert.strictEqual(failure._tag, "RegistrationInProgress");
      assert.deepStrictEqual(wire.calls, ["ledger.open"]);
    }),
  );

  it.effect.each(["ledger.fence", "identity.find", "identity.remove", "ledger.markRolledBack"] as const)(
    "asks to wait when %s gives no answer while a stale one is resolved",
    (on) =>
      Effect.gen(function* () {
        const { world, wire, register, rest } = makeScene([
          { on: "identity.create", answer: "unknown" },
          { on: "identity.find", answer: "unknown" },
        ]);
        yield* Effect.flip(register());
        yield* TestClock.adjust(BUDGET_MS + 1);
        wire.add({ on, effect: "never", answer: "unknown" });
        const failure = yield* Effect.flip(register({ id: operationId(2) }));
        assert.strictEqual(failure._tag, "RegistrationInProgress");
        yield* rest();
        assert.strictEqual(userAt(world, alice), undefined);
        assert.deepStrictEqual(violations(world), []);
      }),
  );

  it.effect("gets past a rolling_back one at once", () =>
    Effect.gen(function* () {
      const { world, register, rest, row } = makeScene([
        { on: "ledger.commit", effect: "never", answer: "refused" },
        { on: "identity.remove", effect: "never", answer: "unknown" },
      ]);
      yield* Effect.flip(register());
      assert.strictEqual(row().state satisfies Row["state"], "rolling_back");
      assert.strictEqual(yield* heard(register({ id: operationId(2) })), "registered");
      yield* rest();
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("removes the late user of a registration that was rolled back, and creates its own", () =>
    Effect.gen(function* () {
      const { world, register, rest } = makeScene([
        { on: "identity.create", effect: { laterMs: 60_000 }, answer: "unknown" },
      ]);
      yield* Effect.flip(register());
      yield* TestClock.adjust(BUDGET_MS + 1);
      assert.strictEqual(
        yield* heard(
          register({ id: operationId(2), email: alice }).pipe(
            Effect.tapError(() => Effect.die("the address is free")),
          ),
        ),
        "registered",
      );
      yield* TestClock.adjust(HORIZON_MS);
      yield* rest();
      assert.strictEqual(userAt(world, alice)?.tag, operationId(2));
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("says that the user exists when they have the tag of a registered registration", () =>
    Effect.gen(function* () {
      const { world, register, rest } = makeScene();
      yield* register();
      assert.strictEqual(yield* heard(register({ id: operationId(2) })), "UserExists");
      yield* rest();
      assert.strictEqual(userAt(world, alice)?.tag, operationId(1));
      assert.deepStrictEqual(violations(world), []);
    }),
  );
});
