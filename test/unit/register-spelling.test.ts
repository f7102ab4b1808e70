/** A registration in a pool where the case of an address counts: one mailbox gets one user. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { alice, makeScene } from "../simulation/memory/scene.ts";
import { addUser } from "../simulation/memory/world.ts";

const CASE_SENSITIVE = { COGNITO_CASE_SENSITIVE: "true" };

describe("where case counts", () => {
  it.effect("an address that the pool has in another spelling is user_exists, and names the user", () =>
    Effect.gen(function* () {
      const { world, wire, register, row } = makeScene([], CASE_SENSITIVE);
      const { sub } = addUser(world, "Alice@Hospital.example");
      const error = yield* Effect.flip(register());
      assert.deepInclude({ ...error }, { _tag: "UserExists", userId: sub });
      assert.strictEqual(row().state, "rejected");
      assert.notInclude(wire.calls, "identity.create");
    }),
  );

  it.effect("nobody is created while the pool does not say, and key and address are free again", () =>
    Effect.gen(function* () {
      const { world, register, row } = makeScene(
        [{ on: "identity.unmetHolders", effect: "never", answer: "unknown" }],
        CASE_SENSITIVE,
      );
      const error = yield* Effect.flip(register());
      assert.strictEqual(error._tag, "Unavailable");
      assert.strictEqual(row().state, "rolled_back");
      assert.deepStrictEqual(world.users, []);
    }),
  );

  it.effect("the same spelling is left to the create, whose tag tells whose user it is", () =>
    Effect.gen(function* () {
      const { world, register } = makeScene([], CASE_SENSITIVE);
      const { sub } = addUser(world, alice);
      assert.deepInclude({ ...(yield* Effect.flip(register())) }, { _tag: "UserExists", userId: sub });
    }),
  );
});

it.effect("where case does not count, nothing is asked beside the opening", () =>
  Effect.gen(function* () {
    const { wire, register } = makeScene();
    yield* register();
    assert.deepStrictEqual(wire.calls.slice(0, 3), ["ledger.open", "identity.create", "ledger.commit"]);
  }),
);
