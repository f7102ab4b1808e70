/**
 * What `retryable` promises: the same request, with the same key, works later. Every fault of every call of a
 * registration, and every pair of them, is tried: what the caller hears must be true of their next try.
 */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { toProblem } from "../../src/http/problem.ts";
import { violations } from "../simulation/invariants.ts";
import { alice, HORIZON_MS, makeScene, operationId } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import type { CallName } from "../simulation/memory/wire.ts";
import { addUser } from "../simulation/memory/world.ts";

const CALLS: ReadonlyArray<CallName> = [
  "ledger.open",
  "identity.create",
  "identity.find",
  "ledger.commit",
  "ledger.fence",
  "ledger.find",
  "identity.remove",
  "ledger.markRolledBack",
  "ledger.reject",
  "ledger.abandon",
];

const faultsOf = (on: CallName): ReadonlyArray<Fault> => {
  // The store refuses a call, or loses it once, before or after it took effect, or for as long as it is asked.
  const words = on.startsWith("identity")
    ? (["refused", "throttled", "misconfigured"] as const)
    : (["refused"] as const);
  const refusals = words.map((answer): Fault => ({ on, times: 9, effect: "never", answer }));
  const losses = (["never", "now"] as const).flatMap((effect) =>
    [1, 9].map((times): Fault => ({ on, times, effect, answer: "unknown" })),
  );
  return [...refusals, ...losses];
};

const every = CALLS.flatMap(faultsOf);
const pairs = every.flatMap((one, n) =>
  every
    .slice(n + 1)
    .filter(({ on }) => on !== one.on)
    .map((two) => [one, two]),
);
/** A commit and a fence that are silent, and every fault of what follows. */
const triples = (["never", "now"] as const).flatMap((effect) =>
  faultsOf("identity.remove").map(
    (third): ReadonlyArray<Fault> => [
      { on: "ledger.commit", times: 2, effect, answer: "unknown" },
      { on: "ledger.fence", times: 9, effect: "never", answer: "unknown" },
      third,
    ],
  ),
);

const named = (faults: ReadonlyArray<Fault>) =>
  faults.map(({ on, times, effect, answer }) => `${on} ${effect} ${answer} ×${times}`).join(", ");

const foreign: Fault = { on: "ledger.open", after: (world) => void addUser(world, alice) };

/** The next try, on a good day, when everything is at rest; or as soon as the first has been answered. */
const again = Effect.fnUntraced(function* (faults: ReadonlyArray<Fault>, key: string | null, waits: boolean) {
  const scene = makeScene(faults);
  const first = yield* Effect.result(scene.register({ idempotencyKey: key }));
  const problem = first._tag === "Failure" ? toProblem(first.failure) : undefined;
  scene.wire.clear();
  if (waits) {
    yield* scene.rest();
    yield* TestClock.adjust(2 * HORIZON_MS);
    yield* scene.rest();
  }
  const second = yield* Effect.result(scene.register({ id: operationId(2), idempotencyKey: key }));
  yield* scene.rest();
  assert.deepStrictEqual(violations(scene.world), []);
  return { problem, second, world: scene.world };
});

describe("a problem that is retryable", () => {
  it.effect.each(["a", "no"])(
    "is one after which the same request works, with %s key",
    (which) =>
      Effect.gen(function* () {
        for (const faults of [...every.map((one) => [one]), ...pairs, ...triples]) {
          const { problem, second, world } = yield* again(faults, which === "a" ? "k-1" : null, true);
          if (problem?.retryable !== true) continue;
          const said = second._tag === "Failure" ? second.failure._tag : "registered";
          // Without a key the first one's late success is told as the user who exists.
          const late =
            which === "no" && world.rows.get(operationId(1))?.state === "completed" && said === "UserExists";
          if (!late) assert.strictEqual(said, "registered", `${problem.code} after ${named(faults)}`);
        }
      }),
    180_000,
  );

  it.effect("is none where the key is spent, and the sentence asks for a new one", () =>
    Effect.gen(function* () {
      const faults: ReadonlyArray<Fault> = [
        { on: "ledger.commit", times: 2, answer: "unknown" },
        { on: "ledger.fence", effect: "never", answer: "unknown" },
      ];
      const { problem, second } = yield* again(faults, "k-1", true);
      assert.deepInclude(problem, {
        code: "registration_rolled_back",
        detail: "Failed to register user. Another try needs a new Idempotency-Key.",
        retryable: false,
      });
      assert.strictEqual(second._tag === "Failure" && second.failure._tag, "UserLost");
      const keyless = yield* again(faults, null, false);
      assert.deepInclude(keyless.problem, {
        retryable: true,
        detail: "Failed to register user. Please try again.",
      });
      assert.strictEqual(keyless.second._tag, "Success");
    }),
  );

  it.effect("is none that a verdict stands behind, whatever of its outcome is unknown", () =>
    Effect.gen(function* () {
      for (const fault of faultsOf("identity.create")) {
        const scene = makeScene([foreign, fault]);
        const first = yield* Effect.flip(scene.register({ idempotencyKey: "k-1" }));
        scene.wire.clear();
        const second = yield* Effect.flip(scene.register({ id: operationId(2), idempotencyKey: "k-1" }));
        if (first._tag === "UserExists")
          assert.deepInclude(toProblem(second), { code: "user_exists", retryable: false });
      }
    }),
  );
});
