/** Changes: what the caller hears of each kind, and that the sweeper carries out what Cognito did not answer. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { CHANGE_ACTION } from "../../src/domain/audit.ts";
import { ChangeKind, type ChangeUser } from "../../src/domain/operation.ts";
import { UserId } from "../../src/domain/user.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { finishChange, makeChange } from "../../src/programs/change.ts";
import { violations } from "../simulation/invariants.ts";
import { alice, BUDGET_MS, command, HORIZON_MS, makeScene, operationId } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import type { CallName } from "../simulation/memory/wire.ts";
import {
  addUser,
  admin,
  adminRole,
  removeUser,
  researcherRole,
  type User,
  userAt,
  viewer,
} from "../simulation/memory/world.ts";

/** The call to the pool that each change is. */
const CALLS: Record<ChangeKind, CallName> = {
  remove: "identity.remove",
  disable: "directory.disable",
  enable: "directory.enable",
  reset_mfa: "directory.resetMfa",
  invite: "identity.invite",
};

const nobody = UserId.make("00000000-0000-4000-8000-00000000dead");

/** A scene with a user, whom somebody made by hand unless it is said otherwise. */
const withUser = (faults: ReadonlyArray<Fault> = [], more: Partial<User> = {}) => {
  const scene = makeScene(faults);
  const { sub } = addUser(scene.world, alice, more);
  let ids = 100;
  const ask = (kind: ChangeKind, overrides: Partial<ChangeUser> = {}) =>
    scene.run(makeChange({ id: operationId(++ids), kind, caller: admin, subject: sub, ...overrides }));
  return {
    ...scene,
    ask,
    sub,
    user: () => userAt(scene.world, alice),
    /** What the caller hears: `done`, or the tag of the error. */
    heard: (...asked: Parameters<typeof ask>) =>
      ask(...asked).pipe(
        Effect.tap(({ id }) => scene.run(Effect.ignore(finishChange(id)))),
        Effect.map(() => "done"),
        Effect.catch(({ _tag }) => Effect.succeed(_tag as string)),
      ),
    only: () => [...scene.world.rows.values()][0],
  };
};

describe("each change", () => {
  const effects: Record<ChangeKind, (user: User | undefined, mails: number) => boolean> = {
    remove: (user) => user === undefined,
    disable: (user) => user?.enabled === false,
    enable: (user) => user?.enabled === true,
    reset_mfa: (user) => user?.totp === false,
    invite: (_, mails) => mails === 1,
  };
  const before = (kind: ChangeKind): Partial<User> => ({ enabled: kind !== "enable", totp: true });

  it.effect.each([...ChangeKind.literals])("%s: done, with its audit row, and nothing left to do", (kind) =>
    Effect.gen(function* () {
      const { world, heard, user, only, wire } = withUser([], before(kind));
      assert.strictEqual(yield* heard(kind), "done");
      assert.isTrue(effects[kind](user(), world.mails.length));
      assert.deepInclude(only(), { state: "done", dueAt: null, graceUntil: null });
      assert.deepStrictEqual(
        world.audit.map(({ id, action, by }) => [id, action, by]),
        [[only()?.id ?? "", CHANGE_ACTION[kind], admin]],
      );
      const calls = wire.calls.filter((call) => call === "changes.open" || call === CALLS[kind]);
      assert.deepStrictEqual(calls, ["changes.open", CALLS[kind]], "the ledger first");
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  const answers = ["unknown", "throttled", "refused", "misconfigured"] as const;
  const failing = ChangeKind.literals.flatMap((kind) => answers.map((answer) => ({ kind, answer })));
  it.effect.each(failing)("$kind: tracked when Cognito is $answer, and carried out by the sweeper", (one) =>
    Effect.gen(function* () {
      const { kind, answer } = one;
      const fault: Fault = { on: CALLS[kind], effect: "never", answer };
      const { world, heard, user, only, rest, sweep } = withUser([fault], before(kind));
      assert.strictEqual(yield* heard(kind), "ChangeTracked");
      assert.isFalse(effects[kind](user(), world.mails.length));
      assert.strictEqual(only()?.state, "pending");
      assert.strictEqual(world.audit.length, 1, "what was decided is on record already");
      assert.strictEqual((yield* sweep()).leased, 0, "its worker may still be at it");
      yield* rest();
      assert.isTrue(effects[kind](user(), world.mails.length));
      assert.strictEqual(world.audit.length, 1);
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect.each([...ChangeKind.literals])("%s: done twice where the first answer was lost", (kind) =>
    Effect.gen(function* () {
      const { world, heard, user, rest } = withUser([{ on: CALLS[kind], answer: "unknown" }], before(kind));
      assert.strictEqual(yield* heard(kind), "ChangeTracked");
      yield* rest();
      assert.isTrue(effects[kind](user(), Math.min(world.mails.length, 1)));
      assert.isAtMost(world.mails.length, 2);
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  const others = ChangeKind.literals.filter((kind) => kind !== "remove");
  it.effect.each([...others])("%s: not found where there is no such user, and nothing is written", (kind) =>
    Effect.gen(function* () {
      const { world, heard } = withUser();
      assert.strictEqual(yield* heard(kind, { subject: nobody }), "UserNotFound");
      assert.strictEqual(world.rows.size, 0);
      assert.deepStrictEqual(world.audit, []);
    }),
  );

  it.effect.each([...others])("%s: not found where the user goes meanwhile, and nothing stays open", (kind) =>
    Effect.gen(function* () {
      const { world, heard, sub, only } = withUser([
        { on: "changes.open", after: (changed) => void removeUser(changed, sub) },
      ]);
      assert.strictEqual(yield* heard(kind), "UserNotFound");
      assert.strictEqual(only()?.state, "done");
      assert.deepStrictEqual(world.mails, []);
    }),
  );

  it.effect("remove: done where the user is gone already; it is what was wanted", () =>
    Effect.gen(function* () {
      const { world, heard, sub } = withUser();
      removeUser(world, sub);
      world.grants.set(sub, new Set([researcherRole]));
      assert.strictEqual(yield* heard("remove"), "done");
      assert.isUndefined(world.grants.get(sub));
      assert.strictEqual(yield* heard("remove", { subject: nobody }), "done");
    }),
  );

  it.effect.each([...ChangeKind.literals])(
    "%s: open where its row could not be finished, until swept",
    (kind) =>
      Effect.gen(function* () {
        const { world, heard, only, rest } = withUser(
          [{ on: "changes.finish", times: 2, effect: "never", answer: "unknown" }],
          before(kind),
        );
        assert.strictEqual(yield* heard(kind), "done");
        assert.strictEqual(only()?.state, "pending");
        yield* rest();
        assert.strictEqual(only()?.state, "done");
        assert.deepStrictEqual(violations(world), []);
      }),
  );
});

describe("the opening", () => {
  it.effect.each([...ChangeKind.literals])(
    "of %s is denied without the permission, on record, once",
    (kind) =>
      Effect.gen(function* () {
        const { world, heard, user } = withUser();
        assert.strictEqual(yield* heard(kind, { caller: viewer }), "Forbidden");
        assert.strictEqual(world.rows.size, 0);
        assert.strictEqual(world.audit.length, 1);
        assert.isTrue(user()?.enabled);
      }),
  );

  it.effect("is sent once more where its answer was lost, and is the same change", () =>
    Effect.gen(function* () {
      const { world, heard, user } = withUser([{ on: "changes.open", answer: "unknown" }]);
      assert.strictEqual(yield* heard("disable"), "done");
      assert.isFalse(user()?.enabled);
      assert.strictEqual(world.rows.size, 1);
      assert.strictEqual(world.audit.length, 1);
    }),
  );

  it.effect("that stays silent promises nothing, and names the change: it may have been written", () =>
    Effect.gen(function* () {
      const { world, ask, user, rest } = withUser([{ on: "changes.open", times: 2, answer: "unknown" }]);
      const failure = yield* Effect.flip(ask("disable"));
      assert.strictEqual(failure._tag, "Unavailable");
      const [row] = [...world.rows.values()];
      assert.strictEqual("operationId" in failure && failure.operationId, row?.id);
      assert.isTrue(user()?.enabled);
      yield* rest();
      assert.isFalse(user()?.enabled);
    }),
  );

  it.effect("says which row a tracked change is", () =>
    Effect.gen(function* () {
      const { ask, only } = withUser([{ on: "identity.remove", effect: "never", answer: "unknown" }]);
      const failure = yield* Effect.flip(ask("remove"));
      assert.deepInclude(failure, { _tag: "ChangeTracked", kind: "remove" });
      assert.strictEqual("operationId" in failure && failure.operationId, only()?.id);
    }),
  );

  const own = (["remove", "disable"] as const).map((kind) => ({ kind }));
  it.effect.each(own)("of $kind refuses one's own account, before anything is written", ({ kind }) =>
    Effect.gen(function* () {
      const { world, run, wire } = makeScene();
      world.grants.set(viewer, new Set([adminRole]));
      for (const user of [admin, viewer])
        world.users = [...world.users, { ...addUser(world, user), sub: user }];
      const own = { id: operationId(101), kind, caller: admin, subject: admin };
      assert.strictEqual((yield* Effect.flip(run(makeChange(own))))._tag, "OwnAccount");
      assert.strictEqual(world.rows.size, 0);
      assert.notInclude(wire.calls, "changes.open");
      assert.deepStrictEqual(world.audit, []);
    }),
  );

  it.effect.each(own)(
    "of $kind tells who has no permission only that, of their own account too",
    ({ kind }) =>
      Effect.gen(function* () {
        const { world, run } = makeScene();
        world.users = [{ ...addUser(world, alice), sub: viewer }];
        const own = { id: operationId(101), kind, caller: viewer, subject: viewer };
        assert.strictEqual((yield* Effect.flip(run(makeChange(own))))._tag, "Forbidden");
        assert.strictEqual(world.audit.length, 1);
      }),
  );

  it.effect.each(["enable", "reset_mfa"] as const)("of %s takes one's own account", (kind) =>
    Effect.gen(function* () {
      const { world, run } = makeScene();
      world.users = [{ ...addUser(world, alice), sub: admin }];
      yield* run(makeChange({ id: operationId(101), kind, caller: admin, subject: admin }));
    }),
  );

  it.effect.each(own)(
    "of $kind is not for a manager whom a change has disabled, whatever their token says",
    ({ kind }) =>
      Effect.gen(function* () {
        const { world, heard, sub, user } = withUser([], { confirmed: true });
        world.grants.set(sub, new Set([adminRole]));
        const other = addUser(world, "other@hospital.example", { confirmed: true }).sub;
        world.grants.set(other, new Set([adminRole]));
        world.grants.delete(admin);
        assert.strictEqual(yield* heard("disable", { caller: sub, subject: other }), "done");
        assert.strictEqual(yield* heard(kind, { caller: other }), "Forbidden");
        assert.strictEqual(yield* heard("enable", { caller: other, subject: other }), "Forbidden");
        assert.isTrue(user()?.enabled);
        assert.strictEqual(yield* heard("enable", { caller: sub, subject: other }), "done");
        assert.strictEqual(yield* heard(kind, { caller: other }), "done");
      }),
  );
});

/** Runs another's request while a call is on its way, on the same clock. */
const meanwhile = Effect.map(
  Clock.Clock,
  (clock) =>
    <A, E>(program: Effect.Effect<A, E>) =>
      Effect.runSync(Effect.provideService(program, Clock.Clock, clock)),
);

describe("a user whose registration has not kept them", () => {
  const unresolved = ["started", "rolling_back", "rolled_back", "rejected"] as const;
  const cases = ChangeKind.literals
    .filter((kind) => kind !== "remove")
    .flatMap((kind) => unresolved.map((state) => ({ kind, state })));

  it.effect.each(cases)("hears nothing of $kind while it is $state: 409, with the registration's id", (one) =>
    Effect.gen(function* () {
      const { world, ask, run, row, user } = withUser([], { tag: operationId(1) });
      yield* run(Effect.flatMap(Ledger, (ledger) => ledger.open(command())));
      const verdict = one.state === "rejected" ? ("user_exists" as const) : null;
      world.rows.set(operationId(1), { ...row(), state: one.state, verdict });
      const failure = yield* Effect.flip(ask(one.kind));
      assert.deepInclude(failure, { _tag: "RegistrationInProgress", operationId: operationId(1) });
      assert.strictEqual(world.rows.size, 1);
      assert.isTrue(user()?.enabled);
    }),
  );

  it.effect("may be removed all the same: then the commit cannot land, and they are gone", () =>
    Effect.gen(function* () {
      const atOnce = yield* meanwhile;
      const { world, register, run, rest } = makeScene([
        {
          on: "ledger.commit",
          before: (changed) => {
            const sub = userAt(changed, alice)?.sub ?? nobody;
            const removal = makeChange({ id: operationId(101), kind: "remove", caller: admin, subject: sub });
            atOnce(run(removal));
          },
        },
      ]);
      const failure = yield* Effect.flip(register({ kind: "register_with_roles" }));
      assert.strictEqual(failure._tag, "RegistrationRolledBack");
      assert.deepStrictEqual(world.users, []);
      yield* rest();
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("is not invited while the request may still delete them without a fence", () =>
    Effect.gen(function* () {
      const atOnce = yield* meanwhile;
      const { world, register, row, run, rest } = makeScene([
        { on: "ledger.commit", answer: "unknown" },
        { on: "ledger.commit", effect: "never", answer: "unknown" },
        {
          on: "ledger.fence",
          effect: "never",
          answer: "unknown",
          after: (changed) => {
            const subject = userAt(changed, alice)?.sub ?? nobody;
            const invitation = makeChange({ id: operationId(101), kind: "invite", caller: admin, subject });
            const failure = atOnce(run(Effect.flip(invitation)));
            assert.deepInclude(failure, { _tag: "RegistrationInProgress", operationId: operationId(1) });
          },
        },
      ]);
      yield* Effect.flip(register());
      assert.strictEqual(row().state, "registered");
      assert.deepStrictEqual([world.users, world.mails], [[], []]);
      yield* rest();
      assert.deepStrictEqual(violations(world), []);
    }),
  );
});

describe("an invitation", () => {
  it.effect.each([
    [{ confirmed: true }, "CONFIRMED"],
    [{ enabled: false }, "DISABLED"],
  ] as const)("is not sent to a user who needs none: %j", ([more, status]) =>
    Effect.gen(function* () {
      const { world, ask } = withUser([], more);
      assert.deepInclude(yield* Effect.flip(ask("invite")), { _tag: "InvitationNotNeeded", status });
      assert.deepStrictEqual([world.rows.size, world.mails.length], [0, 0]);
    }),
  );

  it.effect("is not sent to a user who signs in at the last moment, and nothing stays open", () =>
    Effect.gen(function* () {
      const { world, heard, only } = withUser([
        {
          on: "identity.invite",
          before: (changed) => {
            changed.users = changed.users.map((user) => ({ ...user, confirmed: true }));
          },
        },
      ]);
      assert.strictEqual(yield* heard("invite"), "InvitationNotNeeded");
      assert.strictEqual(only()?.state, "done");
      assert.deepStrictEqual(world.mails, []);
    }),
  );
});

describe("opposed changes", () => {
  const disabled = { on: "directory.disable", effect: "never", answer: "unknown" } as const;

  it.effect("the newer closes the pending older, and the sweeper does not go back", () =>
    Effect.gen(function* () {
      const { world, heard, user, only, rest } = withUser([disabled]);
      assert.strictEqual(yield* heard("disable"), "ChangeTracked");
      assert.strictEqual(yield* heard("enable"), "done");
      assert.deepInclude(only(), { kind: "disable", state: "done", dueAt: null });
      yield* rest();
      assert.isTrue(user()?.enabled);
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("the newer is done once more when the older's call can no longer land", () =>
    Effect.gen(function* () {
      const late: Fault = {
        on: "directory.disable",
        effect: { laterMs: HORIZON_MS - BUDGET_MS },
        answer: "unknown",
      };
      const { world, heard, user, rest, wire } = withUser([late]);
      assert.strictEqual(yield* heard("disable"), "ChangeTracked");
      assert.strictEqual(yield* heard("enable"), "done");
      assert.isTrue(user()?.enabled);
      yield* TestClock.adjust(HORIZON_MS - BUDGET_MS);
      assert.isFalse(user()?.enabled, "the late call has landed");
      yield* rest();
      assert.isTrue(user()?.enabled);
      assert.strictEqual(wire.calls.filter((call) => call === "directory.enable").length, 2);
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("the newer is done once more however late its own end lands", () =>
    Effect.gen(function* () {
      const { world, heard, user, rest } = withUser([
        { on: "directory.disable", effect: { laterMs: HORIZON_MS - BUDGET_MS }, answer: "unknown" },
        { on: "changes.finish", takesMs: HORIZON_MS },
      ]);
      assert.strictEqual(yield* heard("disable"), "ChangeTracked");
      const fiber = yield* Effect.forkChild(heard("enable"));
      yield* TestClock.adjust(HORIZON_MS);
      yield* Fiber.join(fiber);
      assert.isFalse(user()?.enabled, "the late call has landed");
      yield* rest();
      assert.isTrue(user()?.enabled);
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("of three, only the newest is done once more", () =>
    Effect.gen(function* () {
      const { world, heard, user, rest, wire } = withUser();
      for (const kind of ["disable", "enable", "disable"] as const) {
        assert.strictEqual(yield* heard(kind), "done");
        yield* TestClock.adjust(60_000);
      }
      yield* rest();
      assert.isFalse(user()?.enabled);
      assert.strictEqual(wire.calls.filter((call) => call === "directory.enable").length, 1);
      assert.strictEqual(wire.calls.filter((call) => call === "directory.disable").length, 3);
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("nothing is done once more to who is to be removed", () =>
    Effect.gen(function* () {
      const { world, heard, rest, wire } = withUser();
      for (const kind of ["disable", "enable", "remove"] as const) yield* heard(kind);
      yield* rest();
      assert.strictEqual(wire.calls.filter((call) => call === "directory.enable").length, 1);
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("the grace period goes on where the pool does not answer at its end", () =>
    Effect.gen(function* () {
      const { world, heard, user, rest, sweep } = withUser([
        { on: "directory.enable", skip: 1, effect: "never", answer: "throttled" },
      ]);
      yield* heard("disable");
      yield* heard("enable");
      yield* TestClock.adjust(HORIZON_MS + 60_001);
      assert.strictEqual((yield* sweep()).deferred, 1);
      const graced = [...world.rows.values()].find(({ kind }) => kind === "enable");
      assert.isNotNull(graced?.graceUntil);
      assert.strictEqual(graced?.lastError, "enable: Throttled");
      yield* rest();
      assert.isTrue(user()?.enabled);
      assert.deepStrictEqual(violations(world), []);
    }),
  );
});
