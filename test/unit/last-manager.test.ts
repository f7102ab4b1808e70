/** Somebody who can come in goes on managing users: grants outlive those who hold them, so the pool is asked. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import type { UserId } from "../../src/domain/user.ts";
import { makeChange } from "../../src/programs/change.ts";
import { setRoles } from "../../src/programs/roles.ts";
import { alice, bob, makeScene, operationId } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import { addUser, adminRole, observerRole, removeUser, type User } from "../simulation/memory/world.ts";

/** Two who manage users: alice, who can come in, and bob, who is as it is said, or gone from the pool. */
const withTwo = (
  other: Partial<User> | "gone",
  faults: ReadonlyArray<Fault> = [],
  settings: Readonly<Record<string, string>> = {},
) => {
  const scene = makeScene(faults, settings);
  const { world, run } = scene;
  world.grants.clear();
  const one = addUser(world, alice, { confirmed: true }).sub;
  const two = addUser(world, bob, other === "gone" ? {} : other).sub;
  if (other === "gone") removeUser(world, two);
  for (const user of [one, two]) world.grants.set(user, new Set([adminRole]));
  let ids = 100;
  return {
    ...scene,
    one,
    two,
    before: { rows: world.rows.size, audit: world.audit.length },
    roles: (caller: UserId, subject: UserId, ...roles: Parameters<typeof setRoles>[0]["roles"][number][]) =>
      run(Effect.map(setRoles({ id: operationId(++ids), caller, subject, roles }), ({ roles: set }) => set)),
    change: (kind: "remove" | "disable", caller: UserId, subject: UserId) =>
      run(makeChange({ id: operationId(++ids), kind, caller, subject })),
  };
};

const absent: ReadonlyArray<readonly [string, Partial<User> | "gone"]> = [
  ["is gone from the pool", "gone"],
  ["is disabled in the pool", { confirmed: true, enabled: false }],
  ["has never signed in", {}],
];

describe("the last who manages users and can come in", () => {
  it.effect.each([...absent])("keeps the role where the only other %s", ([, other]) =>
    Effect.gen(function* () {
      const { world, one, two, roles } = withTwo(other);
      const refused = yield* Effect.flip(roles(one, one, observerRole));
      assert.deepInclude(refused, { _tag: "LastManager", doubtful: [two] });
      assert.deepStrictEqual([...(world.grants.get(one) ?? [])], [adminRole]);
      assert.deepStrictEqual(world.audit, []);
    }),
  );

  it.effect.each([...absent])("is neither disabled nor deleted nor demoted by one who %s", ([, other]) =>
    Effect.gen(function* () {
      const { world, one, two, roles, change } = withTwo(other);
      for (const attempt of [change("disable", two, one), change("remove", two, one), roles(two, one)])
        assert.deepInclude(
          yield* Effect.flip(attempt as Effect.Effect<unknown, { _tag: string; doubtful?: unknown }>),
          {
            _tag: "LastManager",
            doubtful: [two],
          },
        );
      assert.deepStrictEqual([world.rows.size, world.audit.length, world.users.length > 0], [0, 0, true]);
    }),
  );

  it.effect("leaves where another can come in, or signs in elsewhere", () =>
    Effect.gen(function* () {
      const { world, one, two, roles, change } = withTwo({ confirmed: true });
      assert.deepStrictEqual(yield* roles(one, one, observerRole), [observerRole]);
      world.grants.set(one, new Set([adminRole]));
      yield* change("disable", two, one);
      assert.strictEqual(world.rows.size, 1);
    }),
  );

  it.effect("keeps the role where the pool does not say whether another can come in", () =>
    Effect.gen(function* () {
      const silent: Fault = {
        on: "directory.profile",
        skip: 1,
        effect: "never",
        answer: "unknown",
        times: 9,
      };
      const { world, one, roles } = withTwo({ confirmed: true }, [silent]);
      assert.deepInclude(yield* Effect.flip(roles(one, one)), {
        _tag: "Unavailable",
        dependency: "identity provider",
      });
      assert.deepStrictEqual([...(world.grants.get(one) ?? [])], [adminRole]);
    }),
  );

  it.effect("costs no look at the pool where nobody who manages users leaves", () =>
    Effect.gen(function* () {
      const { world, one, roles, wire } = withTwo({ confirmed: true });
      const somebody = addUser(world, "carol@hospital.example").sub;
      yield* roles(one, somebody, observerRole);
      yield* roles(one, one, observerRole, adminRole);
      assert.strictEqual(wire.calls.filter((call) => call === "directory.profile").length, 2);
    }),
  );

  it.effect("does not count among the others who has just lost the permission", () =>
    Effect.gen(function* () {
      const { world, one, two, roles } = withTwo({ confirmed: true }, [
        { on: "directory.profile", skip: 1, after: ({ grants }) => void grants.delete(bobOf()) },
      ]);
      const bobOf = () => two;
      assert.strictEqual((yield* Effect.flip(roles(one, one)))._tag, "LastManager");
      assert.deepStrictEqual([...(world.grants.get(one) ?? [])], [adminRole]);
    }),
  );
});

describe("the grants of who is gone from the pool", () => {
  it.effect("can be taken away, by an empty list of roles or with the user, and not added to", () =>
    Effect.gen(function* () {
      const { world, one, two, roles, change } = withTwo("gone");
      assert.strictEqual((yield* Effect.flip(roles(one, two, observerRole)))._tag, "UserNotFound");
      assert.deepStrictEqual(yield* roles(one, two), []);
      assert.strictEqual(world.grants.get(two)?.size ?? 0, 0);
      world.grants.set(two, new Set([adminRole]));
      yield* change("remove", one, two);
      assert.strictEqual(world.grants.get(two)?.size ?? 0, 0);
    }),
  );
});

describe("where users need no password, and are CONFIRMED from the start", () => {
  const PASSWORDLESS = { COGNITO_PASSWORDLESS: "true" };
  it.effect("nobody counts as signed in because of that: the last who has acted keeps the role", () =>
    Effect.gen(function* () {
      const { world, one, two, roles } = withTwo({ confirmed: true }, [], PASSWORDLESS);
      assert.deepInclude(yield* Effect.flip(roles(one, one, observerRole)), {
        _tag: "LastManager",
        doubtful: [two],
      });
      assert.deepStrictEqual([...(world.grants.get(one) ?? [])], [adminRole]);
    }),
  );

  it.effect("whoever sends the request has signed in, and so has who did something here before", () =>
    Effect.gen(function* () {
      const { world, one, two, roles, change } = withTwo({ confirmed: true }, [], PASSWORDLESS);
      yield* roles(two, addUser(world, "carol@hospital.example").sub, observerRole);
      assert.deepStrictEqual(yield* roles(one, one, observerRole), [observerRole]);
      world.grants.set(one, new Set([adminRole]));
      yield* change("disable", two, one);
    }),
  );

  it.effect("whom another identity provider signs in counts as before", () =>
    Effect.gen(function* () {
      const { one, roles } = withTwo({ federated: true }, [], PASSWORDLESS);
      assert.deepStrictEqual(yield* roles(one, one, observerRole), [observerRole]);
    }),
  );
});
