/** The way back: the user of a registration that was not committed is deleted, or stays tracked. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { violations } from "../simulation/invariants.ts";
import { type Case, outcomes, refusedCommit, silentFence } from "../simulation/memory/outcomes.ts";
import { alice, makeScene } from "../simulation/memory/scene.ts";
import { addUser, clearPool, userAt } from "../simulation/memory/world.ts";

describe("delete", () => {
  outcomes([
    ...(["unknown", "throttled", "misconfigured", "refused"] as const).map(
      (answer): Case => ({
        title: `stays tracked when the delete is ${answer}`,
        faults: [refusedCommit, { on: "identity.remove", effect: "never", answer }],
        says: "CleanupRequired",
        state: "rolling_back",
        end: "rolled_back",
      }),
    ),
    {
      title: "stays tracked when the answer of the delete is lost",
      faults: [refusedCommit, { on: "identity.remove", answer: "unknown" }],
      says: "CleanupRequired",
      state: "rolling_back",
      end: "rolled_back",
    },
    {
      title: "takes a user who is gone already for deleted",
      faults: [refusedCommit, { on: "identity.remove", before: clearPool }],
      says: "RegistrationRolledBack",
      state: "rolled_back",
      end: "rolled_back",
    },
    {
      title: "asks to try again although the ledger did not hear of the delete",
      faults: [refusedCommit, { on: "ledger.markRolledBack", effect: "never", answer: "unknown" }],
      says: "RegistrationRolledBack",
      state: "rolling_back",
      end: "rolled_back",
    },
    {
      title: "stays tracked when both stores are silent",
      faults: [
        { on: "ledger.commit", times: 2, effect: "never", answer: "unknown" },
        silentFence,
        { on: "identity.remove", effect: "never", answer: "unknown" },
      ],
      says: "CleanupRequired",
      state: "started",
      end: "rolled_back",
    },
  ]);

  it.effect("never deletes by address: a foreign user who has it by then stays", () =>
    Effect.gen(function* () {
      const { world, register, rest } = makeScene([
        {
          ...refusedCommit,
          after: (changed) => {
            clearPool(changed);
            addUser(changed, alice);
          },
        },
      ]);
      const failure = yield* Effect.flip(register());
      assert.strictEqual(failure._tag, "RegistrationRolledBack");
      yield* rest();
      assert.strictEqual(userAt(world, alice)?.tag, null);
      assert.deepStrictEqual(violations(world), []);
    }),
  );
});
