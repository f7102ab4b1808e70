/** Changing a user's profile: what the caller hears, alone and with a disabling, and that they hear what is written. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { UserId } from "../../src/domain/user.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { type AskedChange, setEnabled } from "../../src/programs/change.ts";
import { setProfile } from "../../src/programs/profile.ts";
import { settings } from "../simulation/memory/memory.ts";
import { alice, command, makeScene, operationId } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import { addUser, admin, viewer } from "../simulation/memory/world.ts";

const ada = { name: "Ada Lovelace", organisation: null };

const withUser = (faults: ReadonlyArray<Fault> = [], tag: string | null = null) => {
  const scene = makeScene(faults);
  const { sub } = addUser(scene.world, alice, { tag });
  const asked = { id: operationId(101), caller: admin, subject: sub };
  return {
    ...scene,
    sub,
    profile: () => scene.world.profiles.get(sub),
    actions: () => scene.world.audit.map(({ action }) => action),
    set: (overrides: Partial<AskedChange> = {}) => scene.run(setProfile({ ...asked, ...overrides }, ada)),
    disable: () => scene.run(setEnabled({ ...asked, profile: ada }, false)),
  };
};

describe("a profile alone", () => {
  it.effect("is written with its audit row, without a call that would change the pool", () =>
    Effect.gen(function* () {
      const { set, profile, actions, wire } = withUser();
      yield* set();
      assert.deepStrictEqual(profile(), { name: "Ada Lovelace", organisation: "" });
      assert.deepStrictEqual(actions(), ["Updated user profile"]);
      assert.deepStrictEqual(wire.calls, [
        "access.mayManageUsers",
        "directory.profile",
        "changes.setProfile",
      ]);
    }),
  );

  const refusals: ReadonlyArray<readonly [string, Partial<AskedChange>, string]> = [
    ["who has no permission", { caller: viewer }, "Forbidden"],
    ["a user who is not in the pool", { subject: UserId.make(operationId(9)) }, "UserNotFound"],
    ["a machine", { subject: [...settings().machines.values()][0] as UserId }, "UserNotFound"],
    ["a user who is not as the caller saw them", { ifMatch: ["other"] }, "PreconditionFailed"],
  ];
  it.effect.each([...refusals])("refuses %s, and writes nothing", ([, overrides, tag]) =>
    Effect.gen(function* () {
      const { set, world } = withUser();
      assert.strictEqual((yield* Effect.flip(set(overrides)))._tag, tag);
      assert.strictEqual(world.profiles.size, 0);
    }),
  );

  it.effect("waits for the registration of the user", () =>
    Effect.gen(function* () {
      const { set, run, profile } = withUser([], operationId(1));
      yield* run(Effect.flatMap(Ledger, (ledger) => ledger.open(command())));
      const refused = yield* Effect.flip(set());
      assert.deepInclude(refused, { _tag: "RegistrationInProgress", operationId: operationId(1) });
      assert.isUndefined(profile());
    }),
  );

  it.effect("is sent once more where its answer was lost, and writes one audit row", () =>
    Effect.gen(function* () {
      const { set, actions } = withUser([{ on: "changes.setProfile", answer: "unknown" }]);
      yield* set();
      assert.deepStrictEqual(actions(), ["Updated user profile"]);
    }),
  );

  const silent = { on: "changes.setProfile", effect: "never", answer: "unknown" } as const;
  const doubts: ReadonlyArray<readonly [string, ReadonlyArray<Fault>]> = [
    ["both answers were lost", [{ ...silent, times: 2 }]],
    ["the first was lost and the second is refused", [silent, { ...silent, answer: "refused" }]],
    [
      "the first was lost and the second finds another's",
      [{ ...silent, after: (world) => void world.profilesAsked.set(theirs(world), { name: 9e15 }) }],
    ],
  ];
  const theirs = ({ users }: { users: ReadonlyArray<{ sub: UserId }> }) => users[0]?.sub as UserId;
  it.effect.each([...doubts])("says that nothing is certain where %s", ([, faults]) =>
    Effect.gen(function* () {
      const { set } = withUser(faults);
      const refused = yield* Effect.flip(set());
      assert.deepInclude(refused, { _tag: "Unavailable", dependency: "database", inDoubt: true });
    }),
  );

  it.effect("is refused for good by a database that refuses it", () =>
    Effect.gen(function* () {
      const { set } = withUser([{ ...silent, answer: "misconfigured" }]);
      assert.strictEqual((yield* Effect.flip(set()))._tag, "DatabaseRefused");
    }),
  );

  it.effect("does nothing where another was asked for later", () =>
    Effect.gen(function* () {
      const { set, world, sub, profile } = withUser();
      world.profilesAsked.set(sub, { name: 9e15 });
      assert.strictEqual((yield* Effect.flip(set()))._tag, "Superseded");
      assert.isUndefined(profile());
    }),
  );
});

describe("a profile with a disabling", () => {
  it.effect("is written in the statement that opens it, and named where Cognito does not answer", () =>
    Effect.gen(function* () {
      const { disable, profile, actions, rest, world, sub } = withUser([
        { on: "directory.disable", effect: "never", answer: "unknown" },
      ]);
      const refused = yield* Effect.flip(disable());
      assert.deepInclude(refused, { _tag: "ChangeTracked", kind: "disable" });
      assert.deepStrictEqual("updated" in refused && refused.updated, ["name"]);
      assert.deepStrictEqual(profile(), { name: "Ada Lovelace", organisation: "" });
      assert.deepStrictEqual(actions(), ["Disabled user and updated profile"]);
      yield* rest();
      assert.isFalse(world.users.find((user) => user.sub === sub)?.enabled);
    }),
  );

  it.effect("is named where Cognito refuses for good, or has no such user any more", () =>
    Effect.gen(function* () {
      for (const fault of [{ answer: "refused" }, { instead: "absent" }] as const) {
        const { disable, actions } = withUser([{ on: "directory.disable", effect: "never", ...fault }]);
        const refused = yield* Effect.flip(disable());
        assert.include(["ChangeRefused", "UserNotFound"], refused._tag);
        assert.deepStrictEqual("updated" in refused && refused.updated, ["name"]);
        assert.deepStrictEqual(actions(), ["Disabled user and updated profile", "Not done: Disabled user"]);
      }
    }),
  );

  it.effect("names nothing where only the disabling was asked for", () =>
    Effect.gen(function* () {
      const { run, sub } = withUser([{ on: "directory.disable", effect: "never", answer: "refused" }]);
      const asked = { id: operationId(101), caller: admin, subject: sub };
      const refused = yield* Effect.flip(run(setEnabled(asked, false)));
      assert.notProperty(refused, "updated");
    }),
  );
});
