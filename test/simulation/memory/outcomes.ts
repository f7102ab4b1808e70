/**
 * A table of ledger that go wrong in one way each: what the caller hears, what the ledger says at that moment,
 * and what it says in the end, when exactly one of the three ends has to hold.
 */
import { assert, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import type { RegisterUser, State } from "../../../src/domain/operation.ts";
import { violations } from "../invariants.ts";
import { alice, HORIZON_MS, makeScene } from "./scene.ts";
import type { Fault } from "./script.ts";
import { addUser } from "./world.ts";

export interface Case {
  readonly title: string;
  readonly faults: ReadonlyArray<Fault>;
  readonly request?: Partial<RegisterUser>;
  /** What the caller hears: a user, or the tag of the error. */
  readonly says: string;
  /** The state of the registration at that moment; absent: no registration was written. */
  readonly state?: State;
  /** The state in the end. */
  readonly end?: State;
}

/** One test for each case. */
export const outcomes = (cases: ReadonlyArray<Case>) =>
  it.effect.each(cases)("$title", ({ faults, request, says, state, end }) =>
    Effect.gen(function* () {
      const { world, register, rest, wire } = makeScene(faults);
      const heard = yield* register(request).pipe(
        Effect.map(() => "registered"),
        Effect.catch(({ _tag }) => Effect.succeed(_tag)),
      );
      assert.strictEqual(heard, says);
      assert.strictEqual([...world.rows.values()][0]?.state, state);
      yield* rest();
      yield* TestClock.adjust(2 * HORIZON_MS);
      yield* rest();
      assert.deepStrictEqual(violations(world), []);
      assert.strictEqual([...world.rows.values()][0]?.state, end);
      assert.isAtMost(wire.calls.filter((call) => call === "identity.create").length, 2);
    }),
  );

/** Somebody who was there before, or came at the last moment. */
export const foreignUser: Fault = { on: "ledger.open", after: (world) => void addUser(world, alice) };

/** The fence cannot tell whether a commit has landed. */
export const silentFence: Fault = { on: "ledger.fence", effect: "never", answer: "unknown" };

export const refusedCommit: Fault = { on: "ledger.commit", effect: "never", answer: "refused" };
