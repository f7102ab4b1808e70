/** Replacing a user's roles: what the caller hears, and that nothing changes unless they hear that it did. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import type { Registration } from "../../src/domain/operation.ts";
import { RoleId, UserId } from "../../src/domain/user.ts";
import type { SetRoles } from "../../src/ports/access.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { makeChange } from "../../src/programs/change.ts";
import { setRoles } from "../../src/programs/roles.ts";
import { alice, command, makeScene, operationId } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import {
  addUser,
  admin,
  adminRole,
  observerRole,
  researcherRole,
  viewer,
} from "../simulation/memory/world.ts";

const unknownRole = RoleId.make("00000000-0000-4000-8000-00000000dead");

const withUser = (faults: ReadonlyArray<Fault> = [], tag: string | null = null) => {
  const scene = makeScene(faults);
  const { sub } = addUser(scene.world, alice, { tag });
  scene.world.grants.set(sub, new Set([observerRole]));
  return {
    ...scene,
    sub,
    granted: () => [...(scene.world.grants.get(sub) ?? [])],
    set: (overrides: Partial<SetRoles> = {}) =>
      scene.run(
        setRoles({
          id: operationId(101),
          caller: admin,
          subject: sub,
          roles: [researcherRole],
          ...overrides,
        }),
      ),
  };
};

describe("setting roles", () => {
  it.effect("replaces what the user had", () =>
    Effect.gen(function* () {
      const { set, granted, world } = withUser();
      assert.deepStrictEqual(yield* set(), [researcherRole]);
      assert.deepStrictEqual(granted(), [researcherRole]);
      assert.strictEqual(world.audit.length, 1);
      assert.deepStrictEqual(yield* set({ id: operationId(102), roles: [] }), []);
      assert.deepStrictEqual(granted(), []);
    }),
  );

  const refusals: ReadonlyArray<readonly [string, Partial<SetRoles>, string]> = [
    ["who has no permission", { caller: viewer }, "Forbidden"],
    ["a user who is not in the pool", { subject: UserId.make(operationId(9)) }, "UserNotFound"],
    ["roles that do not exist", { roles: [researcherRole, unknownRole] }, "UnknownRoles"],
  ];
  it.effect.each([...refusals])("refuses %s, and changes nothing", ([, overrides, tag]) =>
    Effect.gen(function* () {
      const { set, granted } = withUser();
      assert.strictEqual((yield* Effect.flip(set(overrides)))._tag, tag);
      assert.deepStrictEqual(granted(), [observerRole]);
    }),
  );

  it.effect("refuses to leave nobody who manages users", () =>
    Effect.gen(function* () {
      const { set, sub, world } = withUser();
      world.grants.set(sub, new Set([adminRole]));
      world.grants.delete(admin);
      assert.strictEqual((yield* Effect.flip(set({ caller: sub })))._tag, "LastManager");
      assert.deepStrictEqual(yield* set({ caller: sub, roles: [adminRole] }), [adminRole]);
    }),
  );

  const states: ReadonlyArray<Registration["state"]> = ["started", "rolling_back", "rolled_back", "rejected"];
  it.effect.each([...states])("refuses the user of a registration that is %s", (state) =>
    Effect.gen(function* () {
      const { set, run, world, row, granted } = withUser([], operationId(1));
      yield* run(Effect.flatMap(Ledger, (ledger) => ledger.open(command())));
      world.rows.set(operationId(1), { ...row(), state });
      assert.deepInclude(yield* Effect.flip(set()), {
        _tag: "RegistrationInProgress",
        operationId: operationId(1),
      });
      assert.deepStrictEqual(granted(), [observerRole]);
    }),
  );

  it.effect("refuses a user who is being removed, though they are still in the pool", () =>
    Effect.gen(function* () {
      const { set, run, sub, granted } = withUser([
        { on: "identity.remove", effect: "never", answer: "unknown" },
      ]);
      const removal = { id: operationId(9), kind: "remove", caller: admin, subject: sub } as const;
      yield* Effect.flip(run(makeChange(removal)));
      assert.strictEqual((yield* Effect.flip(set()))._tag, "UserNotFound");
      assert.deepStrictEqual(granted(), []);
    }),
  );

  it.effect("says that the user could not be looked up, and changes nothing", () =>
    Effect.gen(function* () {
      const { set, granted, wire } = withUser([
        { on: "directory.profile", effect: "never", answer: "unknown" },
      ]);
      assert.deepInclude(yield* Effect.flip(set()), { _tag: "Unavailable", dependency: "user lookup" });
      assert.deepStrictEqual(granted(), [observerRole]);
      assert.notInclude(wire.calls, "access.setRoles");
    }),
  );

  it.effect("is sent once more where its answer was lost, and writes one audit row", () =>
    Effect.gen(function* () {
      const { set, granted, world } = withUser([{ on: "access.setRoles", answer: "unknown" }]);
      assert.deepStrictEqual(yield* set(), [researcherRole]);
      assert.deepStrictEqual(granted(), [researcherRole]);
      assert.strictEqual(world.audit.length, 1);
    }),
  );

  it.effect("is not undone by its own repeat where another has set roles meanwhile", () =>
    Effect.gen(function* () {
      const { set, granted } = withUser([
        {
          on: "access.setRoles",
          answer: "unknown",
          after: ({ grants, users }) => void grants.set(users[0]?.sub ?? admin, new Set([adminRole])),
        },
      ]);
      assert.deepStrictEqual(yield* set(), [researcherRole]);
      assert.deepStrictEqual(granted(), [adminRole]);
    }),
  );

  it.effect("promises nothing where the database stays silent", () =>
    Effect.gen(function* () {
      const { set } = withUser([{ on: "access.setRoles", times: 2, answer: "unknown" }]);
      assert.deepInclude(yield* Effect.flip(set()), { _tag: "Unavailable", dependency: "database" });
    }),
  );
});
