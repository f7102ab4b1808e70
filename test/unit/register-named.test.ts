/** A registration in a pool where users are called by the id of their registration: the user name is the ownership tag. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { violations } from "../simulation/invariants.ts";
import { alice, HORIZON_MS, makeScene, operationId } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import { addUser, removeUser } from "../simulation/memory/world.ts";

const scene = (...faults: ReadonlyArray<Fault>) => makeScene(faults, { COGNITO_USERNAME: "operation-id" });
const second = { id: operationId(2) };

describe("where users are called by the id of their registration", () => {
  it.effect("a success takes three calls in a row, and one beside the first", () =>
    Effect.gen(function* () {
      const { wire, world, register } = scene();
      yield* register();
      assert.sameMembers(wire.calls, [
        "ledger.open",
        "identity.unmetHolders",
        "identity.create",
        "ledger.commit",
      ]);
      assert.deepInclude(world.users[0], { username: operationId(1), tag: operationId(1), email: alice });
    }),
  );

  it.effect("a create whose answer is lost is found by its name in one call, and registered", () =>
    Effect.gen(function* () {
      const { wire, world, register } = scene({ on: "identity.create", answer: "unknown" });
      const { userId } = yield* register();
      assert.strictEqual(world.users[0]?.sub, userId);
      assert.deepStrictEqual(wire.calls.slice(-3), ["identity.create", "identity.find", "ledger.commit"]);
    }),
  );

  it.effect("a create that was lost on its way is tracked, and its own name is looked for in the end", () =>
    Effect.gen(function* () {
      const { world, register, rest, row } = scene({
        on: "identity.create",
        effect: "never",
        answer: "unknown",
      });
      assert.strictEqual((yield* Effect.flip(register()))._tag, "CleanupRequired");
      const late = addUser(world, alice, { username: operationId(1), tag: operationId(1) });
      const other = addUser(world, alice);
      yield* rest();
      assert.strictEqual(row().state, "rolled_back");
      assert.deepStrictEqual(
        world.users.map(({ sub }) => sub),
        [other.sub],
      );
      assert.deepStrictEqual(world.removals[0]?.user.sub, late.sub);
    }),
  );

  it.effect("an address that somebody has is user_exists before anybody is created, in any spelling", () =>
    Effect.gen(function* () {
      for (const spelling of [alice, "Alice@Hospital.example"]) {
        const { wire, world, register, row } = scene();
        const { sub } = addUser(world, spelling);
        assert.deepInclude(
          { ...(yield* Effect.flip(register())) },
          { _tag: "UserExists", userId: sub },
          spelling,
        );
        assert.strictEqual(row().state, "rejected");
        assert.notInclude(wire.calls, "identity.create");
      }
    }),
  );

  it.effect("an orphan at the address is deleted, and the registration goes on", () =>
    Effect.gen(function* () {
      const { world, register } = scene({ on: "identity.create", effect: "never", answer: "throttled" });
      yield* Effect.flip(register());
      const orphan = addUser(world, alice, { username: operationId(1), tag: operationId(1) });
      const { userId } = yield* register(second);
      assert.deepStrictEqual(
        world.users.map(({ sub }) => sub),
        [userId],
      );
      assert.deepInclude(world.removals[0], { user: orphan, by: "service" });
    }),
  );

  it.effect(
    "an address that the ledger has registered is user_exists, also where the pool does not list the user",
    () =>
      Effect.gen(function* () {
        const { world, register } = scene({ on: "identity.unmetHolders", sees: [], times: 2 });
        const { userId } = yield* register();
        assert.deepInclude({ ...(yield* Effect.flip(register(second))) }, { _tag: "UserExists", userId });
        assert.strictEqual(world.users.length, 1);
      }),
  );

  it.effect("whoever is not seen within a horizon of their registration is not taken to be gone", () =>
    Effect.gen(function* () {
      const { world, register, row, rest } = scene();
      const { userId } = yield* register();
      removeUser(world, userId);
      const { _tag } = yield* Effect.flip(register(second));
      assert.strictEqual(_tag, "RegistrationInProgress");
      assert.strictEqual(row(2).state, "rolled_back");
      yield* TestClock.adjust(HORIZON_MS + 1000);
      yield* register({ id: operationId(3) });
      yield* rest();
      assert.strictEqual(row(3).state, "completed");
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("nobody is created while the pool does not say whether an earlier user is there", () =>
    Effect.gen(function* () {
      const { register, row, wire } = scene(
        { on: "identity.unmetHolders", sees: [], times: 2 },
        { on: "directory.profile", effect: "never", answer: "unknown" },
      );
      yield* register();
      assert.strictEqual((yield* Effect.flip(register(second)))._tag, "Unavailable");
      assert.strictEqual(row(2).state, "rolled_back");
      assert.strictEqual(wire.calls.filter((call) => call === "identity.create").length, 1);
    }),
  );
});
