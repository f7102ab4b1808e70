/** Changes: what the caller hears of each kind, and that the sweeper carries out what Cognito did not answer. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { CHANGE_ACTION, changeNotDone } from "../../src/domain/audit.ts";
import { ChangeKind, type ChangeUser } from "../../src/domain/operation.ts";
import { UserId } from "../../src/domain/user.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { finishChange, makeChange } from "../../src/programs/change.ts";
import { violations } from "../simulation/invariants.ts";
import { settings } from "../simulation/memory/memory.ts";
import { alice, BUDGET_MS, command, HORIZON_MS, makeScene, operationId } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import type { CallName } from "../simulation/memory/wire.ts";
import {
  addUser,
  admin,
  adminRole,
  changeUser,
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

  const answers = ["unknown", "throttled", "misconfigured"] as const;
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

  it.effect.each([...ChangeKind.literals])(
    "%s: ends where Cognito refuses it for good, and says why",
    (kind) =>
      Effect.gen(function* () {
        const refused: Fault = { on: CALLS[kind], effect: "never", answer: "refused" };
        const { world, ask, user, only, rest, wire, row } = withUser([refused], before(kind));
        const failure = yield* Effect.flip(ask(kind));
        // A reset is several calls: that one was refused does not prove that nothing was done.
        const certain = kind !== "reset_mfa";
        assert.deepInclude(failure, { _tag: "ChangeRefused", kind, reason: "pool_rule", certain });
        assert.isFalse(effects[kind](user(), world.mails.length));
        assert.deepInclude(row(101), {
          state: "refused",
          reason: "pool_rule",
          dueAt: null,
          needsOperator: false,
        });
        assert.deepStrictEqual(
          world.audit.map(({ action, by }) => [action, by]),
          [
            [CHANGE_ACTION[kind], admin],
            [changeNotDone(kind, certain ? "notDone" : "unknown"), admin],
          ],
        );
        const calls = wire.calls.length;
        yield* rest();
        assert.strictEqual(wire.calls.length, calls, "nobody tries it again");
        assert.deepStrictEqual(violations(world), []);
        // Asked for again, it is a new change.
        yield* ask(kind);
        assert.isTrue(effects[kind](user(), world.mails.length));
        assert.notStrictEqual(only(), row(102));
      }),
  );

  it.effect.each([...ChangeKind.literals])(
    "%s: ends where the sweeper hears that Cognito refuses it, and promises nothing of the call before",
    (kind) =>
      Effect.gen(function* () {
        const { world, heard, rest, row } = withUser(
          [
            { on: CALLS[kind], effect: "never", answer: "unknown" },
            { on: CALLS[kind], effect: "never", answer: "refused" },
          ],
          before(kind),
        );
        assert.strictEqual(yield* heard(kind), "ChangeTracked");
        yield* rest();
        assert.deepInclude(row(101), { state: "refused", reason: "pool_rule", dueAt: null });
        assert.strictEqual(world.audit.at(-1)?.action, changeNotDone(kind, "unknown"));
        assert.deepStrictEqual(violations(world), []);
      }),
  );

  it.effect.each([...ChangeKind.literals])(
    "%s: stays open where its end could not be written down, and is tracked: it is tried again",
    (kind) =>
      Effect.gen(function* () {
        const { world, heard, rest, user, row } = withUser(
          [
            { on: CALLS[kind], effect: "never", answer: "refused" },
            { on: "changes.refuse", times: 2, effect: "never", answer: "unknown" },
          ],
          before(kind),
        );
        assert.strictEqual(yield* heard(kind), "ChangeTracked");
        assert.strictEqual(row(101).state, "pending");
        yield* rest();
        assert.isTrue(effects[kind](user(), world.mails.length));
        assert.deepStrictEqual(violations(world), []);
      }),
  );

  it.effect.each([...ChangeKind.literals])(
    "%s: calls an operator at once where the deployment is wrong, and stays open",
    (kind) =>
      Effect.gen(function* () {
        const { heard, row, sweep, rest } = withUser(
          [{ on: CALLS[kind], times: 2, effect: "never", answer: "misconfigured" }],
          before(kind),
        );
        assert.strictEqual(yield* heard(kind), "ChangeTracked");
        const called = { state: "pending" as const, needsOperator: true };
        assert.deepInclude(row(101), called);
        assert.match(row(101).lastError ?? "", /: Misconfigured$/);
        yield* TestClock.adjust(BUDGET_MS + 1);
        assert.strictEqual((yield* sweep()).deferred, 1);
        assert.deepInclude(row(101), called);
        yield* rest();
        assert.deepInclude(row(101), { state: "done", needsOperator: false });
      }),
  );

  it.effect.each([...ChangeKind.literals])(
    "%s: calls an operator where only the sweeper hears that the deployment is wrong",
    (kind) =>
      Effect.gen(function* () {
        const { heard, row, sweep } = withUser(
          [
            { on: CALLS[kind], effect: "never", answer: "unknown" },
            { on: CALLS[kind], effect: "never", answer: "misconfigured" },
          ],
          before(kind),
        );
        assert.strictEqual(yield* heard(kind), "ChangeTracked");
        assert.isFalse(row(101).needsOperator);
        yield* TestClock.adjust(BUDGET_MS + 1);
        assert.strictEqual((yield* sweep()).deferred, 1);
        assert.isTrue(row(101).needsOperator);
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

  it.effect.each([...ChangeKind.literals])("%s: not found for a machine, and nothing is written", (kind) =>
    Effect.gen(function* () {
      const { world, run } = makeScene();
      const [machine] = settings().machines.values();
      if (machine === undefined) return;
      world.grants.set(machine, new Set([adminRole]));
      const asked = { id: operationId(7), caller: admin, subject: machine, kind };
      assert.strictEqual((yield* Effect.flip(run(makeChange(asked))))._tag, "UserNotFound");
      const own = yield* Effect.flip(run(makeChange({ ...asked, caller: machine })));
      assert.strictEqual(own._tag, "UserNotFound");
      const denied = yield* Effect.flip(run(makeChange({ ...asked, caller: viewer })));
      assert.strictEqual(denied._tag, "Forbidden");
      assert.deepStrictEqual([world.rows.size, world.grants.get(machine)?.size], [0, 1]);
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
      assert.deepInclude(only(), { state: "refused", reason: "user_not_found", dueAt: null });
      assert.deepStrictEqual(
        world.audit.map(({ action }) => action),
        [CHANGE_ACTION[kind], changeNotDone(kind, "notDone")],
      );
      assert.deepStrictEqual(world.mails, []);
      assert.deepStrictEqual(violations(world), []);
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

  it.effect(
    "is in doubt where a first try is lost, and the second meets what can be over when the first lands",
    () =>
      Effect.gen(function* () {
        const { ask, user } = withUser([
          {
            on: "changes.open",
            effect: "never",
            answer: "unknown",
            after: ({ grants }) => void grants.delete(admin),
          },
        ]);
        assert.deepInclude(yield* Effect.flip(ask("disable")), { _tag: "Unavailable", inDoubt: true });
        assert.isTrue(user()?.enabled);
      }),
  );

  it.effect("is in doubt where a first try is lost, and the second finds another's change that goes on", () =>
    Effect.gen(function* () {
      const { ask } = withUser([
        { on: "directory.disable", effect: "never", answer: "unknown" },
        { on: "changes.open", skip: 1, effect: "never", answer: "unknown" },
      ]);
      assert.strictEqual((yield* Effect.flip(ask("disable")))._tag, "ChangeTracked");
      assert.deepInclude(yield* Effect.flip(ask("disable")), { _tag: "Unavailable", inDoubt: true });
    }),
  );

  it.effect(
    "that was heard at the second try proves nothing: the sweeper may have carried the first out",
    () =>
      Effect.gen(function* () {
        const { world, ask, row } = withUser([
          { on: "changes.open", answer: "unknown" },
          { on: "directory.disable", effect: "never", answer: "refused" },
        ]);
        assert.deepInclude(yield* Effect.flip(ask("disable")), { _tag: "ChangeRefused", certain: false });
        assert.strictEqual(row(101).state, "refused");
        assert.strictEqual(world.audit.at(-1)?.action, changeNotDone("disable", "unknown"));
      }),
  );

  it.effect("is in doubt where somebody else has ended the change meanwhile, and perhaps as done", () =>
    Effect.gen(function* () {
      const atOnce = yield* meanwhile;
      const end = () => void atOnce(Effect.orDie(scene.run(finishChange(operationId(101)))));
      const scene = withUser([{ on: "directory.disable", instead: "absent", after: end }]);
      assert.deepInclude(yield* Effect.flip(scene.ask("disable")), {
        _tag: "Unavailable",
        operationId: operationId(101),
        inDoubt: true,
      });
      assert.strictEqual(scene.row(101).state, "done");
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
      assert.deepInclude(only(), { state: "refused", reason: "invitation_not_needed", dueAt: null });
      assert.strictEqual(world.audit.at(-1)?.action, changeNotDone("invite", "notDone"));
      assert.deepStrictEqual(world.mails, []);
    }),
  );

  const throttled: Fault = { on: "identity.invite", effect: "never", answer: "throttled" };
  const since = [
    [{ enabled: false }, "user_disabled", "disabled at the console"],
    [{ confirmed: true }, "invitation_not_needed", "has signed in"],
  ] as const;
  it.effect.each(since)(
    "that waits for its retry is not sent to who is not to be invited any more: %j",
    (one) =>
      Effect.gen(function* () {
        const [more, reason] = one;
        const { world, heard, sub, only, rest, wire } = withUser([throttled]);
        assert.strictEqual(yield* heard("invite"), "ChangeTracked");
        changeUser(world, sub, more);
        yield* rest();
        assert.deepInclude(only(), { state: "refused", reason, dueAt: null });
        assert.strictEqual(world.audit.at(-1)?.action, changeNotDone("invite", "unknown"));
        assert.deepStrictEqual(world.mails, []);
        assert.strictEqual(wire.calls.filter((call) => call === "identity.invite").length, 1);
      }),
  );

  it.effect.each(["disable", "remove"] as const)(
    "that waits for its retry, and a reset, are closed by: %s; the trail says so in the name of whoever did that",
    (kind) =>
      Effect.gen(function* () {
        const { world, heard, rest, sub } = withUser([
          throttled,
          { on: "directory.resetMfa", effect: "never", answer: "throttled" },
          { on: CALLS[kind], effect: "never", answer: "throttled" },
        ]);
        world.grants.set(viewer, new Set([adminRole]));
        assert.strictEqual(yield* heard("invite"), "ChangeTracked");
        assert.strictEqual(yield* heard("reset_mfa"), "ChangeTracked");
        assert.strictEqual(yield* heard(kind, { caller: viewer }), "ChangeTracked");
        for (const closed of ["invite", "reset_mfa"] as const) {
          const row = [...world.rows.values()].find((one) => one.kind === closed);
          assert.deepInclude(row, { state: "refused", reason: "superseded", dueAt: null });
          const said = world.audit.filter(({ action }) => action === changeNotDone(closed, "superseded"));
          assert.deepStrictEqual(
            said.map(({ by, userId }) => [by, userId]),
            [[viewer, sub]],
          );
        }
        yield* rest();
        assert.deepStrictEqual(world.mails, []);
        world.grants.delete(viewer);
        assert.deepStrictEqual(violations(world), []);
      }),
  );

  it.effect("is refused to whom a change has disabled, before the pool knows of it", () =>
    Effect.gen(function* () {
      const { heard, world, rest } = withUser([
        { on: "directory.disable", effect: "never", answer: "throttled" },
      ]);
      assert.strictEqual(yield* heard("disable"), "ChangeTracked");
      assert.strictEqual(yield* heard("invite"), "InvitationNotNeeded");
      yield* rest();
      assert.deepStrictEqual([world.rows.size, world.mails], [1, []]);
    }),
  );
});

describe("a user whose deletion is written down", () => {
  const others = ChangeKind.literals.filter((kind) => kind !== "remove");
  it.effect.each(others)(
    "is not found by %s, while Cognito has not deleted them: nothing is written",
    (kind) =>
      Effect.gen(function* () {
        const { world, heard, rest, wire, user } = withUser([
          { on: "identity.remove", effect: "never", answer: "throttled" },
        ]);
        assert.strictEqual(yield* heard("remove"), "ChangeTracked");
        assert.isDefined(user());
        assert.strictEqual(yield* heard(kind), "UserNotFound");
        assert.strictEqual(world.rows.size, 1);
        assert.strictEqual(world.audit.length, 1);
        assert.notInclude(wire.calls, CALLS[kind]);
        assert.strictEqual(yield* heard("remove"), "done", "a deletion may be repeated");
        yield* rest();
        assert.deepStrictEqual(violations(world), []);
      }),
  );
});

describe("opposed changes", () => {
  const disabled = { on: "directory.disable", effect: "never", answer: "unknown" } as const;

  it.effect("the newer closes the pending older, the trail says so, and the sweeper does not go back", () =>
    Effect.gen(function* () {
      const { world, heard, user, only, rest } = withUser([disabled]);
      world.grants.set(viewer, new Set([adminRole]));
      assert.strictEqual(yield* heard("disable"), "ChangeTracked");
      assert.strictEqual(yield* heard("enable", { caller: viewer }), "done");
      assert.deepInclude(only(), { kind: "disable", state: "refused", reason: "superseded", dueAt: null });
      yield* rest();
      assert.isTrue(user()?.enabled);
      assert.deepStrictEqual(
        world.audit.map(({ action, by }) => [action, by]),
        [
          [CHANGE_ACTION.disable, admin],
          [changeNotDone("disable", "superseded"), viewer],
          [CHANGE_ACTION.enable, viewer],
        ],
      );
      world.grants.delete(viewer);
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("a repeat of an opening finds that it was superseded meanwhile, and does nothing", () =>
    Effect.gen(function* () {
      const atOnce = yield* meanwhile;
      const supersede = () => void atOnce(Effect.orDie(scene.ask("enable")));
      const scene = withUser([{ on: "changes.open", answer: "unknown", after: supersede }]);
      const failure = yield* Effect.flip(scene.ask("disable"));
      assert.deepInclude(failure, { _tag: "ChangeRefused", reason: "superseded", certain: false });
      assert.notInclude(scene.wire.calls, "directory.disable");
      assert.isTrue(scene.user()?.enabled);
      yield* scene.rest();
      assert.deepStrictEqual(violations(scene.world), []);
    }),
  );

  const isLate = { effect: { laterMs: HORIZON_MS - BUDGET_MS }, answer: "unknown" } as const;

  it.effect("a newer disabling is done once more when the older's call can no longer land", () =>
    Effect.gen(function* () {
      const { world, heard, user, rest, wire } = withUser([{ on: "directory.enable", ...isLate }], {
        enabled: false,
      });
      assert.strictEqual(yield* heard("enable"), "ChangeTracked");
      assert.strictEqual(yield* heard("disable"), "done");
      yield* TestClock.adjust(HORIZON_MS - BUDGET_MS);
      assert.isTrue(user()?.enabled, "the late call has landed");
      yield* rest();
      assert.isFalse(user()?.enabled);
      assert.strictEqual(wire.calls.filter((call) => call === "directory.disable").length, 2);
      const row = [...world.rows.values()].find(({ kind }) => kind === "disable");
      assert.strictEqual(row?.history.at(-1)?.note, "disabled once more");
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect("a newer disabling is done once more however late its own end lands", () =>
    Effect.gen(function* () {
      const faults: ReadonlyArray<Fault> = [
        { on: "directory.enable", ...isLate },
        { on: "changes.finish", takesMs: HORIZON_MS },
      ];
      const { world, heard, user, rest } = withUser(faults, { enabled: false });
      assert.strictEqual(yield* heard("enable"), "ChangeTracked");
      const fiber = yield* Effect.forkChild(heard("disable"));
      yield* TestClock.adjust(HORIZON_MS);
      yield* Fiber.join(fiber);
      assert.isTrue(user()?.enabled, "the late call has landed");
      yield* rest();
      assert.isFalse(user()?.enabled);
      assert.deepStrictEqual(violations(world), []);
    }),
  );

  it.effect(
    "the final check enables nobody: whom the pool has disabled is left so, and a person is called",
    () =>
      Effect.gen(function* () {
        for (const how of ["a hand at the console", "the older call, late"]) {
          const byHand = how === "a hand at the console";
          const { world, heard, user, rest, wire, sub } = withUser(
            byHand ? [] : [{ on: "directory.disable", ...isLate }],
          );
          yield* heard("disable");
          assert.strictEqual(yield* heard("enable"), "done");
          yield* TestClock.adjust(HORIZON_MS - BUDGET_MS);
          if (byHand) changeUser(world, sub, { enabled: false });
          assert.isFalse(user()?.enabled);
          yield* rest();
          assert.isFalse(user()?.enabled, how);
          assert.strictEqual(wire.calls.filter((call) => call === "directory.enable").length, 1);
          const row = [...world.rows.values()].find(({ kind }) => kind === "enable");
          assert.deepInclude(row, { state: "done", needsOperator: true, graceUntil: null, dueAt: null });
          assert.match(row?.history.at(-1)?.note ?? "", /the pool has the user disabled/);
          yield* heard("enable");
          assert.isTrue(user()?.enabled);
          assert.isFalse(
            [...world.rows.values()].some(({ needsOperator }) => needsOperator),
            "a new word answers it",
          );
        }
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

  it.effect("an older disabling is not done once more after a newer enabling", () =>
    Effect.gen(function* () {
      const { world, heard, user, rest, wire } = withUser();
      for (const kind of ["enable", "disable", "enable"] as const) {
        assert.strictEqual(yield* heard(kind), "done");
        yield* TestClock.adjust(60_000);
      }
      yield* rest();
      assert.isTrue(user()?.enabled);
      assert.strictEqual(wire.calls.filter((call) => call === "directory.disable").length, 1);
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
        { on: "directory.disable", skip: 1, effect: "never", answer: "throttled" },
      ]);
      yield* heard("enable");
      yield* heard("disable");
      yield* TestClock.adjust(HORIZON_MS + 60_001);
      assert.strictEqual((yield* sweep()).deferred, 1);
      const graced = [...world.rows.values()].find(({ kind }) => kind === "disable");
      assert.isNotNull(graced?.graceUntil);
      assert.strictEqual(graced?.lastError, "disable: Throttled");
      yield* rest();
      assert.isFalse(user()?.enabled);
      assert.deepStrictEqual(violations(world), []);
    }),
  );
});
