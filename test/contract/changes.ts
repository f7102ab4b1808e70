/** What changes keep: who may, whom not yet, one pending of a kind, the newest of two opposites, and a row for each. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction, CHANGE_ACTION, changeNotDone } from "../../src/domain/audit.ts";
import { type Change, ChangeKind, type ChangeUser, type State } from "../../src/domain/operation.ts";
import type { UserId } from "../../src/domain/user.ts";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Actor, Ledger } from "../../src/ports/ledger.ts";
import { askedAt, BUDGET, etagFor, HORIZON, lease, makeLedger, newId, newSub, seconds } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

export const changesContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, read, readChange, started, inState, manager } = makeLedger(test, subject);

  const command = (kind: ChangeKind, user: UserId, more: Partial<ChangeUser> = {}): ChangeUser => ({
    id: newId(),
    kind,
    caller: subject().admin,
    subject: user,
    tag: null,
    askedAt,
    confirmed: [subject().admin],
    ...more,
  });
  const ask = (kind: ChangeKind, user: UserId, more: Partial<ChangeUser> = {}) =>
    Effect.flatMap(Changes, (changes) => changes.open(command(kind, user, more)));

  const found = { note: "disabled once more", needsOperator: false };

  /** A new change. */
  const opened = Effect.fnUntraced(function* (...asked: Parameters<typeof ask>) {
    const opening = yield* ask(...asked);
    if (opening._tag !== "Opened") return yield* Effect.die(new Error(`not opened: ${opening._tag}`));
    return opening.change;
  });
  const finished = Effect.fnUntraced(function* (...asked: Parameters<typeof ask>) {
    const { id } = yield* opened(...asked);
    assert.isTrue(yield* Effect.flatMap(Changes, (changes) => changes.finish(id)));
    return yield* readChange(id);
  });
  const trail = Effect.map(
    Effect.suspend(() => subject().audit),
    (rows) => rows.map(({ action, userId }) => [action, userId]),
  );

  describe(`${name}: Changes`, () => {
    check(
      "writes each down as pending, due when its budget is over, with its audit row under its id",
      Effect.gen(function* () {
        for (const kind of ChangeKind.literals) {
          const user = newSub();
          const change = yield* opened(kind, user);
          assert.deepInclude(change, { kind, state: "pending", sub: user, email: null, tries: 0 });
          assert.deepStrictEqual([change.stale, change.graceOver, change.closedAt], [false, false, null]);
          // It starts when it has had its turn, and is due a budget after it was sent.
          assert.closeTo(seconds(change.startedAt, change.dueAt), BUDGET, 1);
          assert.deepStrictEqual(
            change.history.map(({ state, by }) => [state, by]),
            [["pending", "request"]],
          );
          const rows = (yield* subject().audit).filter(({ id }) => id === change.id);
          const { admin } = subject();
          assert.deepStrictEqual(rows, [
            { id: change.id, action: CHANGE_ACTION[kind], userId: user, by: admin },
          ]);
        }
      }),
    );

    check(
      "denies a caller without the permission, writes no change, and once that they asked",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const { viewer } = subject();
        const user = newSub();
        const denied = command("remove", user, { caller: viewer });
        assert.deepStrictEqual(yield* changes.open(denied), { _tag: "Denied" });
        assert.deepStrictEqual(yield* changes.open(denied), { _tag: "Denied" });
        const ledger = yield* Ledger;
        assert.strictEqual((yield* ledger.find(denied.id))._tag, "None");
        assert.deepStrictEqual(yield* trail, [[AuditAction.denied, user]]);
      }),
    );

    check(
      "takes a repeat of a pending change for the same one, by its id or its user, and writes it once",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const first = command("invite", user);
        yield* changes.open(first);
        for (const again of [first, command("invite", user)]) {
          const opening = yield* changes.open(again);
          assert.isTrue(opening._tag === "Opened" && opening.change.id === first.id);
        }
        assert.deepStrictEqual(yield* trail, [[AuditAction.invited, user]]);
        yield* changes.finish(first.id);
        const later = yield* changes.open(first);
        assert.isTrue(
          later._tag === "Opened" && later.change.state === "done",
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
        `does nothing to the user of a registration that is ${state}, and says which`,
        Effect.gen(function* () {
          const { id } = yield* inState(state);
          for (const kind of ChangeKind.literals) {
            assert.deepStrictEqual(yield* ask(kind, newSub(), { tag: id }), { _tag: "Unresolved", id });
          }
        }),
      );
    }

    const kept: ReadonlyArray<State> = ["registered", "completed", "user_lost"];
    for (const state of kept) {
      check(
        `takes the user of a registration that is ${state}; a tag that is no registration's, or no id, is nobody's`,
        Effect.gen(function* () {
          const { id } = yield* inState(state);
          for (const tag of [id, newId(), "somebody else's"]) {
            yield* opened("disable", newSub(), { tag });
          }
        }),
      );
    }

    check(
      "invites nobody whose request may still delete them: registered, unacknowledged, within the horizon",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id, sub } = yield* inState("registered");
        const user = sub ?? newSub();
        assert.deepStrictEqual(yield* ask("invite", user, { tag: id }), { _tag: "Unresolved", id });
        yield* ledger.acknowledge(id);
        yield* opened("invite", user, { tag: id });
        const late = yield* inState("registered");
        yield* subject().age(HORIZON + 1);
        yield* opened("invite", late.sub ?? newSub(), { tag: late.id });
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
        const ledger = yield* Ledger;
        const user = newSub();
        const { id } = yield* started({ kind: "register_with_roles" });
        yield* opened("remove", user);
        assert.isFalse(yield* ledger.commit(id, user));
        assert.deepStrictEqual(yield* subject().grants(user), []);
        assert.deepStrictEqual(yield* trail, [[AuditAction.removed, user]]);
        assert.isTrue(yield* ledger.commit(id, newSub()), "anybody else's commit goes on");
      }),
    );

    check(
      "opens one only where the user has one of the entity tags that are named, and a repeat is not refused by itself",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const { admin } = subject();
        const failed = { _tag: "PreconditionFailed" } as const;
        for (const kind of ChangeKind.literals) {
          const user = newSub();
          const fresh = (yield* etagFor(admin, user)) ?? "";
          assert.deepStrictEqual(yield* ask(kind, user, { ifMatch: ["other"] }), failed);
          const asked = command(kind, user, { ifMatch: ["other", fresh] });
          for (let turn = 0; turn < 2; turn++)
            assert.strictEqual((yield* changes.open(asked))._tag, "Opened", kind);
          // The pending change of somebody else is not what this caller has looked at.
          assert.deepStrictEqual(yield* ask(kind, user, { ifMatch: [fresh] }), failed);
          const seen = (yield* etagFor(admin, user)) ?? "";
          assert.strictEqual((yield* ask(kind, user, { ifMatch: [seen] }))._tag, "Opened");
        }
        assert.strictEqual((yield* trail).length, ChangeKind.literals.length);
      }),
    );

    for (const kind of ["remove", "disable"] as const) {
      check(
        `keeps the last who manages users from: ${kind}`,
        Effect.gen(function* () {
          const { admin } = subject();
          const alone = { _tag: "LastManager", others: [] } as const;
          assert.deepStrictEqual(yield* ask(kind, admin), alone);
          assert.deepStrictEqual(yield* trail, []);
          const second = newSub();
          yield* manager(second);
          yield* manager(subject().machine);
          const doubtful = { _tag: "LastManager", others: [admin] } as const;
          assert.deepStrictEqual(yield* ask(kind, second, { confirmed: [] }), doubtful);
          yield* opened(kind, second);
          assert.deepStrictEqual(yield* ask(kind, admin, { confirmed: [second] }), alone);
        }),
      );
    }

    check(
      "opens none once the budget is over, counted from the check of the caller by the database's clock",
      Effect.gen(function* () {
        const access = yield* Access;
        const ledger = yield* Ledger;
        const { admin: caller } = subject();
        const user = newSub();
        const check = yield* access.mayManageUsers({ id: newId(), caller, subject: user });
        const before = (seconds: number) => ({
          askedAt: new Date(Date.parse(check.askedAt) - seconds * 1000).toISOString(),
        });
        for (const kind of ChangeKind.literals) {
          const late = command(kind, user, before(BUDGET + 1));
          const changes = yield* Changes;
          assert.deepStrictEqual(yield* changes.open(late), { _tag: "TooLate" });
          assert.strictEqual((yield* ledger.find(late.id))._tag, "None");
        }
        assert.deepStrictEqual(yield* trail, []);
        yield* opened("disable", user, before(BUDGET - 5));
      }),
    );

    check(
      "opens none that was asked for before its opposite, which is there already",
      Effect.gen(function* () {
        const at = (second: number) => ({ askedAt: `2999-01-01T00:00:0${second}.000000Z` });
        const user = newSub();
        yield* opened("enable", user, at(2));
        assert.deepStrictEqual(yield* ask("disable", user, at(1)), { _tag: "Superseded" });
        assert.deepStrictEqual(yield* trail, [[AuditAction.enabled, user]]);
        yield* opened("disable", user, at(3));
        assert.deepStrictEqual(yield* ask("enable", user, at(2)), { _tag: "Superseded" });
        yield* opened("disable", newSub(), at(1));
      }),
    );

    check(
      "counts who was enabled again, and lets them be the last",
      Effect.gen(function* () {
        const second = newSub();
        yield* manager(second);
        yield* opened("disable", second);
        yield* opened("enable", second);
        yield* opened("disable", subject().admin, { confirmed: [second] });
        const answer = yield* ask("disable", second, { caller: second });
        assert.deepStrictEqual(answer, { _tag: "LastManager", others: [] });
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
          const confirmed = [one, two];
          yield* opened("disable", subject().admin, { confirmed });
          const asks = [[one, two] as const, [two, one] as const];
          const tags = yield* Effect.all(
            asks
              .map(([user, caller]) => ask("remove", user, { caller, confirmed }))
              .map((asked) => Effect.map(asked, ({ _tag }) => _tag)),
            { concurrency: "unbounded" },
          );
          assert.deepStrictEqual([...tags].sort(), ["Denied", "Opened"]);
        }
      }),
    );

    const superseded: ReadonlyArray<readonly [ChangeKind, ReadonlyArray<ChangeKind>]> = [
      ["disable", ["enable", "reset_mfa", "invite"]],
      ["enable", ["disable"]],
      ["remove", ["disable", "enable", "reset_mfa", "invite"]],
      ["reset_mfa", []],
      ["invite", []],
    ];
    for (const [newer, closed] of superseded)
      for (const older of ChangeKind.literals.filter((kind) => kind !== newer && kind !== "remove"))
        check(
          `a pending ${older} is ${closed.includes(older) ? "superseded" : "left alone"} by: ${newer}`,
          Effect.gen(function* () {
            const [user, second] = [newSub(), newSub()];
            yield* manager(second);
            const pending = yield* opened(older, user);
            const bystander = yield* opened(older, newSub());
            const opening = yield* ask(newer, user, { caller: second });
            // A user who is to be disabled is not invited at all.
            assert.strictEqual(
              opening._tag,
              older === "disable" && newer === "invite" ? "Disabled" : "Opened",
            );
            const after = yield* readChange(pending.id);
            const rows = (yield* subject().audit).filter(({ userId }) => userId === user);
            if (closed.includes(older)) {
              assert.deepInclude(after, { state: "refused", reason: "superseded", dueAt: null });
              assert.strictEqual(after.history.at(-1)?.note, "superseded");
              const said = rows.filter(({ action }) => action === changeNotDone(older, "superseded"));
              assert.deepStrictEqual(
                said.map(({ by }) => by),
                [second],
              );
            } else assert.deepInclude(after, { state: "pending", reason: null });
            const first = rows.find(({ id }) => id === pending.id);
            assert.deepInclude(first, { action: CHANGE_ACTION[older], by: subject().admin });
            assert.strictEqual((yield* readChange(bystander.id)).state, "pending");
          }),
        );

    for (const kind of ChangeKind.literals.filter((one) => one !== "remove")) {
      check(
        `says that the user is gone, and writes nothing, once their deletion is written down, and done: ${kind}`,
        Effect.gen(function* () {
          const changes = yield* Changes;
          const user = newSub();
          const removal = yield* opened("remove", user);
          assert.deepStrictEqual(yield* ask(kind, user), { _tag: "Removed" });
          yield* changes.finish(removal.id);
          assert.deepStrictEqual(yield* ask(kind, user), { _tag: "Removed" });
          assert.deepStrictEqual(yield* trail, [[AuditAction.removed, user]]);
          yield* opened("remove", user);
        }),
      );
      check(
        `says that the user is gone, and writes nothing, where their registration has lost them: ${kind}`,
        Effect.gen(function* () {
          const lost = yield* inState("user_lost");
          assert.deepStrictEqual(yield* ask(kind, lost.sub ?? newSub()), { _tag: "Removed" });
        }),
      );
      check(
        `goes on with who was to be deleted, where the deletion was refused: ${kind}`,
        Effect.gen(function* () {
          const changes = yield* Changes;
          const user = newSub();
          const removal = yield* opened("remove", user);
          yield* changes.refuse(removal, { reason: "closed_by_operator", how: "unknown" });
          yield* opened(kind, user);
        }),
      );
    }

    check(
      "invites nobody whom the ledger's newest word has disabled; what was not done does not count",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const pending = yield* opened("disable", user);
        assert.deepStrictEqual(yield* ask("invite", user), { _tag: "Disabled" });
        yield* changes.refuse(pending, { reason: "closed_by_operator", how: "unknown" });
        const invitation = yield* opened("invite", user);
        yield* changes.finish(invitation.id);
        yield* finished("disable", user);
        assert.deepStrictEqual(yield* ask("invite", user), { _tag: "Disabled" });
        yield* opened("enable", user);
        yield* opened("invite", user);
      }),
    );

    check(
      "knows who may come in: not the disabled, the removed and the lost; what was not done does not count",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        assert.isTrue(yield* changes.mayComeIn(user));
        yield* opened("disable", user);
        assert.isFalse(yield* changes.mayComeIn(user));
        yield* opened("enable", user);
        assert.isTrue(yield* changes.mayComeIn(user));
        const removal = yield* opened("remove", user);
        assert.isFalse(yield* changes.mayComeIn(user));
        yield* changes.refuse(removal, { reason: "closed_by_operator", how: "unknown" });
        assert.isTrue(yield* changes.mayComeIn(user));
        const lost = yield* inState("user_lost");
        assert.isFalse(yield* changes.mayComeIn(lost.sub ?? user));
      }),
    );

    for (const how of ["notDone", "unknown"] as const)
      check(
        `refuses once, only what is pending, with a second row of the trail that says: ${how}`,
        Effect.gen(function* () {
          const changes = yield* Changes;
          const { admin } = subject();
          for (const kind of ChangeKind.literals) {
            const [user, operator] = [newSub(), newSub()];
            const change = yield* opened(kind, user);
            const end = { reason: "user_not_found", how } as const;
            const refuse = changes.refuse(change, end);
            const by = kind === "remove" ? operator : "sweeper";
            assert.isTrue(yield* Effect.provideService(refuse, Actor, by));
            assert.isFalse(yield* refuse);
            assert.isFalse(yield* changes.finish(change.id));
            const after = yield* readChange(change.id);
            assert.deepInclude(after, { state: "refused", reason: "user_not_found", dueAt: null, tries: 0 });
            assert.isNotNull(after.closedAt);
            assert.deepStrictEqual(
              (yield* subject().audit)
                .filter(({ userId }) => userId === user)
                .map((row) => [row.action, row.by]),
              [
                [CHANGE_ACTION[kind], admin],
                [changeNotDone(kind, how), kind === "remove" ? operator : admin],
              ],
            );
            const { id: done } = yield* finished(kind, newSub());
            assert.isFalse(yield* changes.refuse({ id: done, kind }, end));
          }
        }),
      );

    check(
      "gives a grace period to one whose opposite was asked for within the horizon, and no other",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const alone = yield* finished("disable", user);
        assert.deepStrictEqual([alone.graceUntil, alone.dueAt], [null, null]);
        yield* subject().age(HORIZON - 10);
        const opposed = yield* finished("enable", user);
        assert.strictEqual(seconds(opposed.closedAt, opposed.graceUntil), HORIZON + 60);
        assert.strictEqual(opposed.dueAt, opposed.graceUntil);
        assert.isNull((yield* finished("disable", newSub())).graceUntil);
        assert.isNull((yield* finished("invite", user)).graceUntil);
        assert.isTrue(yield* changes.endGracePeriod(opposed.id, found));
        assert.isFalse(yield* changes.endGracePeriod(opposed.id, found));
        const over = yield* readChange(opposed.id);
        assert.deepStrictEqual([over.state, over.graceUntil, over.dueAt], ["done", null, null]);
        yield* subject().age(HORIZON + 10);
        assert.isNull((yield* finished("disable", user)).graceUntil);
      }),
    );

    check(
      "gives a grace period to one whose opposite was open when it was asked for, however late its end lands",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        yield* opened("disable", user);
        const { id } = yield* opened("enable", user);
        yield* subject().age(3 * HORIZON);
        yield* changes.finish(id);
        const done = yield* readChange(id);
        assert.strictEqual(seconds(done.closedAt, done.graceUntil), HORIZON + 60);
      }),
    );

    check(
      "gives a grace period to one whose opposite is in its own, however long ago it was asked for",
      Effect.gen(function* () {
        const user = newSub();
        yield* finished("disable", user);
        const graced = yield* finished("enable", user);
        yield* subject().age(HORIZON + 70);
        assert.isTrue((yield* readChange(graced.id)).graceOver);
        assert.isNotNull((yield* finished("disable", user)).graceUntil);
      }),
    );

    for (const kind of ["disable", "remove"] as const)
      check(
        `lets the request of a registration invite, unless its user is to be shut out since: ${kind}`,
        Effect.gen(function* () {
          const ledger = yield* Ledger;
          const registration = yield* inState("registered");
          yield* opened(kind, registration.sub ?? newSub());
          assert.isFalse(yield* ledger.acknowledge(registration.id));
          assert.isNotNull((yield* read(registration.id)).acknowledgedAt, "the sweeper finishes it");
          const other = yield* inState("registered");
          assert.isTrue(yield* ledger.acknowledge(other.id));
        }),
      );

    check(
      "refuses with an operator's words in the history, and their name in the trail",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const [user, operator] = [newSub(), newSub()];
        const change = yield* opened("disable", user);
        const end = {
          reason: "closed_by_operator",
          how: "unknown",
          note: "closed by an operator: x",
        } as const;
        assert.isTrue(yield* Effect.provideService(changes.refuse(change, end), Actor, operator));
        assert.deepInclude((yield* readChange(change.id)).history.at(-1), {
          by: "operator",
          who: operator,
          note: end.note,
        });
        assert.strictEqual((yield* subject().audit).at(-1)?.by, operator);
      }),
    );

    check(
      "calls an operator at the end of a grace period, until the next change of the user, or until they have heard it",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const ledger = yield* Ledger;
        for (const answer of ["enable", "disable", "remove", "heard"] as const) {
          const user = newSub();
          yield* finished("disable", user);
          const { id } = yield* finished("enable", user);
          yield* changes.endGracePeriod(id, { note: "left so", needsOperator: true });
          assert.deepInclude(yield* readChange(id), { state: "done", needsOperator: true, dueAt: null });
          yield* opened("reset_mfa", user);
          assert.isTrue((yield* readChange(id)).needsOperator);
          if (answer !== "heard") yield* opened(answer, user);
          else {
            assert.isTrue(yield* ledger.heard(id, "they stay disabled"));
            assert.isFalse(yield* ledger.heard(id, "they stay disabled"));
            assert.strictEqual((yield* readChange(id)).history.at(-1)?.note, "they stay disabled");
          }
          assert.isFalse((yield* readChange(id)).needsOperator);
        }
        const pending = yield* opened("disable", newSub());
        yield* ledger.defer(pending, "x", true);
        assert.isFalse(yield* ledger.heard(pending.id, "it is open"));
      }),
    );

    check(
      "answers a registration whose invitation was refused: an invitation, or a deletion; and nothing else",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const registration = yield* inState("registered");
        const note = "not invited: refused (other)";
        yield* ledger.complete(registration.id, { note, needsOperator: true });
        const user = registration.sub ?? newSub();
        yield* opened("reset_mfa", user);
        const completed = yield* read(registration.id);
        assert.deepInclude(completed, { state: "completed", needsOperator: true, dueAt: null });
        assert.strictEqual(completed.history.at(-1)?.note, note);
        yield* opened("invite", user);
        assert.isFalse((yield* read(registration.id)).needsOperator);
      }),
    );

    check(
      "knows the newest of those that contradict each other",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const newest = (change: Change) => changes.isNewest(change);
        const disable = yield* finished("disable", user);
        yield* opened("reset_mfa", user);
        yield* opened("disable", newSub());
        assert.isTrue(yield* newest(disable));
        const enable = yield* finished("enable", user);
        assert.deepStrictEqual([yield* newest(disable), yield* newest(enable)], [false, true]);
        const removal = yield* opened("remove", user);
        assert.isFalse(yield* newest(enable));
        yield* changes.refuse(removal, { reason: "closed_by_operator", how: "unknown" });
        assert.isTrue(yield* newest(enable));
      }),
    );

    check(
      "finishes once, and only what is pending; the sweeper's hand is in the history",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const { id } = yield* opened("remove", newSub());
        assert.isFalse(yield* changes.endGracePeriod(id, found));
        assert.isTrue(yield* Effect.provideService(changes.finish(id), Actor, "sweeper"));
        assert.isFalse(yield* changes.finish(id));
        assert.isFalse(yield* changes.finish(newId()));
        const done = yield* readChange(id);
        assert.isNotNull(done.closedAt);
        assert.deepStrictEqual(
          done.history.map(({ state, by }) => `${state} ${by}`),
          ["pending request", "done sweeper"],
        );
      }),
    );

    check(
      "is leased, put off and counted with the registrations, and no move of a registration touches it",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id } = yield* opened("disable", newSub());
        yield* subject().age(BUDGET + 1);
        const [leased] = yield* lease(10);
        assert.deepInclude(leased, { id, kind: "disable", stale: true, tries: 1 });
        if (leased === undefined) return;
        assert.isTrue(yield* ledger.defer(leased, "IdentityProviderError: Throttled", false));
        assert.strictEqual((yield* ledger.lease(10)).open, 1);

        const before = yield* readChange(id);
        assert.isFalse(yield* ledger.commit(id, newSub()));
        assert.strictEqual(yield* ledger.fence(id), "started");
        assert.isFalse(yield* ledger.markRolledBack(id, { consumed: true, sub: newSub() }));
        assert.isFalse(yield* ledger.reject(id, "create_refused", true, "other"));
        assert.isFalse(yield* ledger.abandon(id));
        assert.isFalse(yield* ledger.acknowledge(id));
        assert.isFalse(yield* ledger.complete(id));
        assert.isFalse(yield* ledger.endGracePeriod(id, newSub()));
        assert.deepStrictEqual({ ...(yield* readChange(id)), readAt: "" }, { ...before, readAt: "" });
      }),
    );

    check(
      "that is in its grace period is noted no more once it was closed by another",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const changes = yield* Changes;
        const user = newSub();
        yield* finished("enable", user);
        const pending = yield* opened("disable", user);
        yield* changes.finish(pending.id);
        assert.isFalse(yield* ledger.defer(pending, "IdentityProviderError: Throttled", true));
        assert.isNull((yield* readChange(pending.id)).lastError);
      }),
    );

    check(
      "leaves roles alone of who is being removed",
      Effect.gen(function* () {
        const access = yield* Access;
        const user = newSub();
        yield* opened("remove", user);
        const { admin: caller, roles } = subject();
        const standing = { askedAt, confirmed: [caller] };
        const answer = yield* access.setRoles({
          id: newId(),
          caller,
          subject: user,
          tag: null,
          roles,
          ...standing,
        });
        assert.deepStrictEqual(answer, { _tag: "Removed" });
        assert.deepStrictEqual(yield* subject().grants(user), []);
      }),
    );
  });
};
