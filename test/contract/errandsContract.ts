/** What errands keep: who may, whom not yet, one pending of a kind, the newest of two opposites, and a row for each. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction, ERRAND_ACTION } from "../../src/domain/Audit.ts";
import { type Errand, ErrandKind, type RunErrand, type State } from "../../src/domain/Registration.ts";
import type { UserId } from "../../src/domain/User.ts";
import { Access } from "../../src/services/Access.ts";
import { Errands } from "../../src/services/Errands.ts";
import { Actor, Registrations } from "../../src/services/Registrations.ts";
import { BUDGET, HORIZON, makeLedger, newId, newSub, seconds } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

export const errandsContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, readErrand, started, inState, manager } = makeLedger(test, subject);

  const command = (kind: ErrandKind, user: UserId, more: Partial<RunErrand> = {}): RunErrand => ({
    ...{ id: newId(), kind, caller: subject().admin, subject: user, mark: null },
    ...more,
  });
  const ask = (kind: ErrandKind, user: UserId, more: Partial<RunErrand> = {}) =>
    Effect.flatMap(Errands, (errands) => errands.open(command(kind, user, more)));

  /** A new errand. */
  const opened = Effect.fnUntraced(function* (...asked: Parameters<typeof ask>) {
    const opening = yield* ask(...asked);
    if (opening._tag !== "Opened") return yield* Effect.die(new Error(`not opened: ${opening._tag}`));
    return opening.errand;
  });
  const finished = Effect.fnUntraced(function* (...asked: Parameters<typeof ask>) {
    const { id } = yield* opened(...asked);
    assert.isTrue(yield* Effect.flatMap(Errands, (errands) => errands.finish(id)));
    return yield* readErrand(id);
  });
  const trail = Effect.map(
    Effect.suspend(() => subject().audit),
    (rows) => rows.map(({ action, userId }) => [action, userId]),
  );

  describe(`${name}: Errands`, () => {
    check(
      "writes each down as pending, due when its budget is over, with its audit row under its id",
      Effect.gen(function* () {
        const user = newSub();
        for (const kind of ErrandKind.literals) {
          const errand = yield* opened(kind, user);
          assert.deepInclude(errand, { kind, state: "pending", sub: user, email: null, tries: 0 });
          assert.deepStrictEqual([errand.stale, errand.watchOver, errand.closedAt], [false, false, null]);
          // It starts when it has had its turn, and is due a budget after it was sent.
          assert.closeTo(seconds(errand.startedAt, errand.dueAt), BUDGET, 1);
          assert.deepStrictEqual(
            errand.history.map(({ state, by }) => [state, by]),
            [["pending", "worker"]],
          );
          const rows = (yield* subject().audit).filter(({ id }) => id === errand.id);
          const { admin } = subject();
          assert.deepStrictEqual(rows, [
            { id: errand.id, action: ERRAND_ACTION[kind], userId: user, by: admin },
          ]);
        }
      }),
    );

    check(
      "denies a caller without the permission, writes no errand, and once that he asked",
      Effect.gen(function* () {
        const errands = yield* Errands;
        const { viewer } = subject();
        const user = newSub();
        const denied = command("remove", user, { caller: viewer });
        assert.deepStrictEqual(yield* errands.open(denied), { _tag: "Denied" });
        assert.deepStrictEqual(yield* errands.open(denied), { _tag: "Denied" });
        const registrations = yield* Registrations;
        assert.strictEqual((yield* registrations.find(denied.id))._tag, "None");
        assert.deepStrictEqual(yield* trail, [[AuditAction.denied, user]]);
      }),
    );

    check(
      "takes a repeat of a pending errand for the same one, by its id or its user, and writes it once",
      Effect.gen(function* () {
        const errands = yield* Errands;
        const user = newSub();
        const first = command("invite", user);
        yield* errands.open(first);
        for (const again of [first, command("invite", user)]) {
          const opening = yield* errands.open(again);
          assert.isTrue(opening._tag === "Opened" && opening.errand.id === first.id);
        }
        assert.deepStrictEqual(yield* trail, [[AuditAction.invited, user]]);
        yield* errands.finish(first.id);
        const later = yield* errands.open(first);
        assert.isTrue(
          later._tag === "Opened" && later.errand.state === "done",
          "a late repeat starts nothing",
        );
        const next = yield* opened("invite", user);
        assert.notStrictEqual(next.id, first.id);
      }),
    );

    check(
      "opens one where twenty ask for the same at once",
      Effect.gen(function* () {
        const user = newSub();
        const openings = yield* Effect.all(
          Array.from({ length: 20 }, () => opened("disable", user)),
          { concurrency: "unbounded" },
        );
        assert.strictEqual(new Set(openings.map(({ id }) => id)).size, 1);
        assert.deepStrictEqual(yield* trail, [[AuditAction.disabled, user]]);
      }),
    );

    for (const state of ["started", "rolling_back", "rejected", "rolled_back"] as const) {
      check(
        `does nothing to the user of an attempt that is ${state}, and says which`,
        Effect.gen(function* () {
          const { id } = yield* inState(state);
          for (const kind of ErrandKind.literals) {
            assert.deepStrictEqual(yield* ask(kind, newSub(), { mark: id }), { _tag: "Unsettled", id });
          }
        }),
      );
    }

    const settled: ReadonlyArray<State> = ["registered", "completed", "user_lost"];
    for (const state of settled) {
      check(
        `takes the user of an attempt that is ${state}; a mark that is no attempt's, or no id, is nobody's`,
        Effect.gen(function* () {
          const { id } = yield* inState(state);
          for (const mark of [id, newId(), "somebody else's"]) {
            yield* opened("disable", newSub(), { mark });
          }
        }),
      );
    }

    check(
      "invites nobody whose worker may still delete him: registered, unacknowledged, within the horizon",
      Effect.gen(function* () {
        const ledger = yield* Registrations;
        const { id, sub } = yield* inState("registered");
        const user = sub ?? newSub();
        assert.deepStrictEqual(yield* ask("invite", user, { mark: id }), { _tag: "Unsettled", id });
        yield* ledger.acknowledge(id);
        yield* opened("invite", user, { mark: id });
        const late = yield* inState("registered");
        yield* subject().age(HORIZON + 1);
        yield* opened("invite", late.sub ?? newSub(), { mark: late.id });
      }),
    );

    check(
      "takes the grants along with a removal, and no others",
      Effect.gen(function* () {
        const [user, other] = [newSub(), newSub()];
        yield* manager(user);
        yield* manager(other);
        yield* opened("disable", user);
        assert.deepStrictEqual(yield* subject().grants(user), [subject().managing]);
        yield* opened("remove", user);
        assert.deepStrictEqual(yield* subject().grants(user), []);
        assert.deepStrictEqual(yield* subject().grants(other), [subject().managing]);
      }),
    );

    check(
      "shuts out the commit of a user who was to be removed before it",
      Effect.gen(function* () {
        const ledger = yield* Registrations;
        const user = newSub();
        const { id } = yield* started({ kind: "step" });
        yield* opened("remove", user);
        assert.isFalse(yield* ledger.commit(id, user));
        assert.deepStrictEqual(yield* subject().grants(user), []);
        assert.deepStrictEqual(yield* trail, [[AuditAction.removed, user]]);
        assert.isTrue(yield* ledger.commit(id, newSub()), "anybody else's commit goes on");
      }),
    );

    for (const kind of ["remove", "disable"] as const) {
      check(
        `keeps the last who manages users from: ${kind}`,
        Effect.gen(function* () {
          const { admin } = subject();
          assert.deepStrictEqual(yield* ask(kind, admin), { _tag: "LastManager" });
          assert.deepStrictEqual(yield* trail, []);
          const second = newSub();
          yield* manager(second);
          yield* opened(kind, second);
          assert.deepStrictEqual(yield* ask(kind, admin), { _tag: "LastManager" });
        }),
      );
    }

    check(
      "counts who was enabled again, and lets him be the last",
      Effect.gen(function* () {
        const second = newSub();
        yield* manager(second);
        yield* opened("disable", second);
        yield* opened("enable", second);
        yield* opened("disable", subject().admin);
        assert.deepStrictEqual(yield* ask("disable", second), { _tag: "LastManager" });
      }),
    );

    check(
      "keeps one manager where two remove each other at once, twenty times",
      Effect.gen(function* () {
        for (let turn = 0; turn < 20; turn++) {
          const [one, two] = [newSub(), newSub()];
          yield* subject().reset;
          yield* manager(one);
          yield* manager(two);
          yield* opened("disable", subject().admin);
          const tags = yield* Effect.all(
            [ask("remove", one, { caller: two }), ask("remove", two, { caller: one })].map((asked) =>
              Effect.map(asked, ({ _tag }) => _tag),
            ),
            { concurrency: "unbounded" },
          );
          assert.deepStrictEqual([...tags].sort(), ["Denied", "Opened"]);
        }
      }),
    );

    check(
      "closes a pending opposite, and nothing else of the user",
      Effect.gen(function* () {
        const user = newSub();
        const enable = yield* opened("enable", user);
        const invite = yield* opened("invite", user);
        yield* opened("disable", user);
        const superseded = yield* readErrand(enable.id);
        assert.deepStrictEqual([superseded.state, superseded.dueAt], ["done", null]);
        assert.strictEqual(superseded.history.at(-1)?.note, "superseded");
        assert.strictEqual((yield* readErrand(invite.id)).state, "pending");
      }),
    );

    check(
      "watches one whose opposite was asked for within the horizon, and no other",
      Effect.gen(function* () {
        const errands = yield* Errands;
        const user = newSub();
        const alone = yield* finished("disable", user);
        assert.deepStrictEqual([alone.watchUntil, alone.dueAt], [null, null]);
        yield* subject().age(HORIZON - 10);
        const opposed = yield* finished("enable", user);
        assert.strictEqual(seconds(opposed.closedAt, opposed.watchUntil), HORIZON + 60);
        assert.strictEqual(opposed.dueAt, opposed.watchUntil);
        assert.isNull((yield* finished("disable", newSub())).watchUntil);
        assert.isNull((yield* finished("invite", user)).watchUntil);
        assert.isTrue(yield* errands.unwatch(opposed.id));
        assert.isFalse(yield* errands.unwatch(opposed.id));
        const over = yield* readErrand(opposed.id);
        assert.deepStrictEqual([over.state, over.watchUntil, over.dueAt], ["done", null, null]);
        yield* subject().age(HORIZON + 10);
        assert.isNull((yield* finished("disable", user)).watchUntil);
      }),
    );

    check(
      "watches one whose opposite was open when it was asked for, however late its end lands",
      Effect.gen(function* () {
        const errands = yield* Errands;
        const user = newSub();
        yield* opened("disable", user);
        const { id } = yield* opened("enable", user);
        yield* subject().age(3 * HORIZON);
        yield* errands.finish(id);
        const done = yield* readErrand(id);
        assert.strictEqual(seconds(done.closedAt, done.watchUntil), HORIZON + 60);
      }),
    );

    check(
      "watches one whose opposite is itself under watch, however long ago it was asked for",
      Effect.gen(function* () {
        const user = newSub();
        yield* finished("disable", user);
        const watched = yield* finished("enable", user);
        yield* subject().age(HORIZON + 70);
        assert.isTrue((yield* readErrand(watched.id)).watchOver);
        assert.isNotNull((yield* finished("disable", user)).watchUntil);
      }),
    );

    check(
      "knows the newest of those that contradict each other",
      Effect.gen(function* () {
        const errands = yield* Errands;
        const user = newSub();
        const newest = (errand: Errand) => errands.isNewest(errand);
        const disable = yield* finished("disable", user);
        yield* opened("invite", user);
        yield* opened("disable", newSub());
        assert.isTrue(yield* newest(disable));
        const enable = yield* finished("enable", user);
        assert.deepStrictEqual([yield* newest(disable), yield* newest(enable)], [false, true]);
        yield* opened("remove", user);
        assert.isFalse(yield* newest(enable));
      }),
    );

    check(
      "finishes once, and only what is pending; the sweeper's hand is in the history",
      Effect.gen(function* () {
        const errands = yield* Errands;
        const { id } = yield* opened("remove", newSub());
        assert.isFalse(yield* errands.unwatch(id));
        assert.isTrue(yield* Effect.provideService(errands.finish(id), Actor, "sweeper"));
        assert.isFalse(yield* errands.finish(id));
        assert.isFalse(yield* errands.finish(newId()));
        const done = yield* readErrand(id);
        assert.isNotNull(done.closedAt);
        assert.deepStrictEqual(
          done.history.map(({ state, by }) => `${state} ${by}`),
          ["pending worker", "done sweeper"],
        );
      }),
    );

    check(
      "is leased, put off, listed and counted with the attempts, and no move of an attempt touches it",
      Effect.gen(function* () {
        const ledger = yield* Registrations;
        const { id } = yield* opened("disable", newSub());
        yield* subject().age(BUDGET + 1);
        const [leased] = yield* ledger.lease(10);
        assert.deepInclude(leased, { id, kind: "disable", stale: true, tries: 1 });
        if (leased === undefined) return;
        assert.isTrue(yield* ledger.defer(leased, "IdentityProviderError: Throttled", false));
        assert.strictEqual((yield* ledger.tidy()).open, 1);
        const query = { needsOperator: null, cursor: null, limit: 10 } as const;
        assert.strictEqual((yield* ledger.list({ ...query, state: "pending" })).items[0]?.id, id);
        assert.deepStrictEqual((yield* ledger.list({ ...query, state: "started" })).items, []);

        const before = yield* readErrand(id);
        assert.isFalse(yield* ledger.commit(id, newSub()));
        assert.strictEqual(yield* ledger.fence(id), "started");
        assert.isFalse(yield* ledger.settle(id, { consumed: true, sub: newSub() }));
        assert.isFalse(yield* ledger.reject(id, "create_refused", true));
        assert.isFalse(yield* ledger.abandon(id));
        assert.isFalse(yield* ledger.acknowledge(id));
        assert.isFalse(yield* ledger.complete(id));
        assert.isFalse(yield* ledger.unwatch(id, newSub()));
        assert.deepStrictEqual({ ...(yield* readErrand(id)), readAt: "" }, { ...before, readAt: "" });
      }),
    );

    check(
      "that is under watch is noted no more once it was closed by another",
      Effect.gen(function* () {
        const ledger = yield* Registrations;
        const errands = yield* Errands;
        const user = newSub();
        yield* finished("enable", user);
        const pending = yield* opened("disable", user);
        yield* errands.finish(pending.id);
        assert.isFalse(yield* ledger.defer(pending, "IdentityProviderError: Throttled", true));
        assert.isNull((yield* readErrand(pending.id)).lastError);
      }),
    );

    check(
      "leaves roles alone of who is being removed",
      Effect.gen(function* () {
        const access = yield* Access;
        const user = newSub();
        yield* opened("remove", user);
        const { admin: caller, roles } = subject();
        const answer = yield* access.setRoles({ id: newId(), caller, subject: user, mark: null, roles });
        assert.deepStrictEqual(answer, { _tag: "Removed" });
        assert.deepStrictEqual(yield* subject().grants(user), []);
      }),
    );
  });
};
