/** Replacing a user's roles: what the caller hears, and that nothing changes unless they hear that it did. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import type { Registration } from "../../src/domain/operation.ts";
import { RoleId, UserId } from "../../src/domain/user.ts";
import type { SetRoles } from "../../src/ports/access.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { makeChange } from "../../src/programs/change.ts";
import { setRoles } from "../../src/programs/roles.ts";
import { settings } from "../simulation/memory/memory.ts";
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
        Effect.map(
          setRoles({
            id: operationId(101),
            caller: admin,
            subject: sub,
            roles: [researcherRole],
            ...overrides,
          }),
          ({ roles }) => roles,
        ),
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

  it.effect("is refused where the user is not as the caller saw them, or is not there at all", () =>
    Effect.gen(function* () {
      const { set, granted } = withUser();
      const ghost = UserId.make(operationId(9));
      for (const asked of [
        { ifMatch: ["other"] },
        { ifMatch: ["other"], subject: ghost, roles: [] },
        { ifMatch: "*", subject: ghost, roles: [] },
      ] as const)
        assert.strictEqual((yield* Effect.flip(set(asked)))._tag, "PreconditionFailed");
      assert.deepStrictEqual(granted(), [observerRole]);
      assert.deepStrictEqual(yield* set({ ifMatch: "*" }), [researcherRole]);
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

  it.effect("gives a machine roles, which is in no pool, and asks the pool nothing", () =>
    Effect.gen(function* () {
      const { set, world, wire } = withUser();
      const [machine] = settings().machines.values();
      if (machine === undefined) return;
      assert.deepStrictEqual(yield* set({ subject: machine, roles: [adminRole] }), [adminRole]);
      assert.deepStrictEqual([...(world.grants.get(machine) ?? [])], [adminRole]);
      assert.isFalse(wire.calls.some((call) => call.startsWith("directory.")));
      assert.deepStrictEqual(yield* set({ id: operationId(102), caller: machine }), [researcherRole]);
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

  const doubts: ReadonlyArray<readonly [string, ReadonlyArray<Fault>]> = [
    ["the database stays silent", [{ on: "access.setRoles", times: 2, answer: "unknown" }]],
    [
      "a first try is lost and a second refused",
      [
        { on: "access.setRoles", answer: "unknown" },
        { on: "access.setRoles", effect: "never", answer: "refused" },
      ],
    ],
    [
      "a first try is lost, and the second meets what can be over when the first lands",
      [
        {
          on: "access.setRoles",
          effect: "never",
          answer: "unknown",
          after: ({ grants }) => void grants.delete(admin),
        },
      ],
    ],
  ];
  it.effect.each([...doubts])("says that the outcome is unknown where %s", ([, faults]) =>
    Effect.gen(function* () {
      const { set } = withUser(faults);
      const said = { _tag: "Unavailable", dependency: "database", inDoubt: true } as const;
      assert.deepInclude(yield* Effect.flip(set()), said);
    }),
  );

  it.effect("does not take effect over one that was asked for later, however late it lands", () =>
    Effect.gen(function* () {
      const late: Fault = { on: "access.setRoles", effect: { laterMs: 2500 }, answer: "unknown", times: 2 };
      const { set, granted } = withUser([late]);
      assert.deepInclude(yield* Effect.flip(set({ roles: [adminRole] })), { inDoubt: true });
      yield* TestClock.adjust(1000);
      assert.deepStrictEqual(yield* set({ id: operationId(102) }), [researcherRole]);
      yield* TestClock.adjust(2000);
      assert.deepStrictEqual(granted(), [researcherRole]);
    }),
  );

  it.effect("does not take effect once its budget is over", () =>
    Effect.gen(function* () {
      const late: Fault = { on: "access.setRoles", effect: { laterMs: 20_001 }, answer: "unknown", times: 2 };
      const { set, granted, world } = withUser([late]);
      assert.deepInclude(yield* Effect.flip(set({ roles: [adminRole] })), { inDoubt: true });
      yield* TestClock.adjust(30_000);
      assert.deepStrictEqual(granted(), [observerRole]);
      assert.deepStrictEqual(world.audit, []);
    }),
  );

  it.effect(
    "answers with the roles that stand, and does nothing, where one was sent later and was faster",
    () =>
      Effect.gen(function* () {
        const { set, granted, run, sub } = withUser([{ on: "access.setRoles", takesMs: 3000 }]);
        const slow = yield* Effect.forkChild(set({ roles: [adminRole] }));
        yield* TestClock.adjust(1000);
        const faster = { id: operationId(102), caller: admin, subject: sub, roles: [researcherRole] };
        yield* run(setRoles(faster));
        yield* TestClock.adjust(5000);
        assert.deepStrictEqual(yield* Fiber.join(slow), [researcherRole]);
        assert.deepStrictEqual(granted(), [researcherRole]);
      }),
  );
});
