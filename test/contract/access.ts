/** What Access keeps: permission from grants alone, denials on record, and somebody who goes on managing users. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction } from "../../src/domain/audit.ts";
import type { ChangeKind } from "../../src/domain/operation.ts";
import { RoleId, type UserId } from "../../src/domain/user.ts";
import { Access, type SetRoles } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { makeLedger, newId, newSub } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

const unknownRole = RoleId.make("00000000-0000-4000-8000-00000000dead");
const otherUnknownRole = RoleId.make("00000000-0000-4000-8000-00000000beef");

export const accessContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, inState, manager } = makeLedger(test, subject);

  const command = (user: UserId, roles: ReadonlyArray<RoleId>, more: Partial<SetRoles> = {}): SetRoles => ({
    id: newId(),
    caller: subject().admin,
    subject: user,
    tag: null,
    roles,
    ...more,
  });
  const change = Effect.fnUntraced(function* (kind: ChangeKind, user: UserId) {
    const changes = yield* Changes;
    return yield* changes.open({ id: newId(), kind, caller: subject().admin, subject: user, tag: null });
  });
  const set = (...asked: Parameters<typeof command>) =>
    Effect.flatMap(Access, (access) => access.setRoles(command(...asked)));

  describe(`${name}: Access`, () => {
    check(
      "knows who may manage users, and writes down once who asked without",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, viewer } = subject();
        const somebody = newSub();
        const may = (caller: UserId, id = newId()) =>
          access.mayManageUsers({ id, caller, subject: somebody });
        assert.isTrue(yield* may(admin));
        assert.deepStrictEqual(yield* subject().audit, []);
        const id = newId();
        assert.isFalse(yield* may(viewer, id));
        assert.isFalse(yield* may(viewer, id));
        assert.isFalse(yield* may(newSub()));
        const denials = yield* subject().audit;
        assert.deepStrictEqual(
          denials.map(({ action, userId }) => [action, userId]),
          [
            [AuditAction.denied, somebody],
            [AuditAction.denied, somebody],
          ],
        );
        assert.strictEqual(denials.filter(({ by }) => by === viewer).length, 1);
        assert.isFalse(denials.some((row) => row.id === id));
      }),
    );

    check(
      "believes nobody whom the ledger's newest word has disabled, removed or lost, whatever they were granted",
      Effect.gen(function* () {
        const access = yield* Access;
        const may = (caller: UserId) => access.mayManageUsers({ id: newId(), caller, subject: caller });
        const [disabled, enabled, removed] = [newSub(), newSub(), newSub()];
        for (const user of [disabled, enabled, removed]) yield* manager(user);
        for (const user of [disabled, enabled]) yield* change("disable", user);
        yield* change("enable", enabled);
        yield* change("remove", removed);
        yield* subject().grant(removed, subject().managing);
        const { sub: lost } = yield* inState("user_lost");
        if (lost === null) return;
        yield* subject().grant(lost, subject().managing);
        assert.deepStrictEqual(
          yield* Effect.forEach([disabled, enabled, removed, lost, subject().admin], may),
          [false, true, false, false, true],
        );
      }),
    );

    check(
      "counts for the last manager nobody who was removed or lost",
      Effect.gen(function* () {
        const removed = newSub();
        yield* change("remove", removed);
        const { sub: lost } = yield* inState("user_lost");
        if (lost === null) return;
        for (const ghost of [removed, lost]) yield* subject().grant(ghost, subject().managing);
        assert.deepStrictEqual(yield* set(subject().admin, []), { _tag: "LastManager" });
      }),
    );

    check(
      "replaces a user's roles, with an audit row under the id",
      Effect.gen(function* () {
        const user = newSub();
        const [one, two] = subject().roles;
        for (const roles of [[one], [one, two], [two], [], [two, two]]) {
          const asked = command(user, roles);
          const answer = yield* Effect.flatMap(Access, (access) => access.setRoles(asked));
          assert.deepStrictEqual(answer, { _tag: "Set" });
          assert.sameMembers([...(yield* subject().grants(user))], [...new Set(roles)]);
          const rows = (yield* subject().audit).filter(({ id }) => id === asked.id);
          assert.deepStrictEqual(rows, [
            { id: asked.id, action: AuditAction.rolesUpdated, userId: user, by: subject().admin },
          ]);
        }
        assert.strictEqual((yield* subject().audit).length, 5);
      }),
    );

    check(
      "does a repeat of an answered call no more, whatever has become of its caller and the roles",
      Effect.gen(function* () {
        const access = yield* Access;
        const [user, other] = [newSub(), newSub()];
        const [one, two] = subject().roles;
        yield* manager(other);
        const first = command(user, [one], { caller: other });
        yield* access.setRoles(first);
        yield* set(user, [two]);
        assert.deepStrictEqual(yield* access.setRoles(first), { _tag: "Set" });
        assert.deepStrictEqual(yield* subject().grants(user), [two], "who may still set roles");
        yield* set(other, []);
        const before = yield* subject().audit;
        assert.deepStrictEqual(yield* access.setRoles(first), { _tag: "Set" });
        assert.deepStrictEqual(yield* subject().audit, before, "who may no more is not on record as denied");
        assert.deepStrictEqual(yield* subject().grants(user), [two]);
      }),
    );

    check(
      "changes nothing for a caller without the permission, and writes down that they asked",
      Effect.gen(function* () {
        const user = newSub();
        const caller = subject().viewer;
        assert.deepStrictEqual(yield* set(user, subject().roles, { caller }), { _tag: "Denied" });
        assert.deepStrictEqual(yield* set(caller, [subject().managing], { caller }), { _tag: "Denied" });
        assert.deepStrictEqual(yield* subject().grants(user), []);
        assert.deepStrictEqual(yield* subject().grants(caller), []);
        const actions = (yield* subject().audit).map(({ action }) => action);
        assert.deepStrictEqual(actions, [AuditAction.denied, AuditAction.denied]);
      }),
    );

    check(
      "names every unknown role, in the order of the request, and changes nothing",
      Effect.gen(function* () {
        const user = newSub();
        const [one] = subject().roles;
        const roles = [unknownRole, one, otherUnknownRole];
        const answer = yield* set(user, roles);
        assert.deepStrictEqual(answer, { _tag: "UnknownRoles", roles: [unknownRole, otherUnknownRole] });
        assert.deepStrictEqual(yield* subject().grants(user), []);
        assert.deepStrictEqual(yield* subject().audit, []);
      }),
    );

    for (const state of ["started", "rolling_back", "rejected", "rolled_back"] as const) {
      check(
        `grants nothing to the user of a registration that is ${state}`,
        Effect.gen(function* () {
          const { id } = yield* inState(state);
          const user = newSub();
          assert.deepStrictEqual(yield* set(user, subject().roles, { tag: id }), { _tag: "Unresolved", id });
          assert.deepStrictEqual(yield* subject().grants(user), []);
        }),
      );
    }

    for (const state of ["registered", "completed"] as const) {
      check(
        `sets the roles of the user of a registration that is ${state}`,
        Effect.gen(function* () {
          const { id, sub } = yield* inState(state);
          const user = sub ?? newSub();
          assert.deepStrictEqual(yield* set(user, subject().roles, { tag: id }), { _tag: "Set" });
          assert.sameMembers([...(yield* subject().grants(user))], [...subject().roles]);
        }),
      );
    }

    check(
      "grants nothing to a user whom the ledger has lost, however late the statement lands",
      Effect.gen(function* () {
        const { id, sub } = yield* inState("user_lost", { kind: "register_with_roles" });
        const user = sub ?? newSub();
        assert.deepStrictEqual(yield* subject().grants(user), []);
        for (const tag of [id, null]) {
          assert.deepStrictEqual(yield* set(user, subject().roles, { tag }), { _tag: "Removed" });
        }
        assert.deepStrictEqual(yield* subject().grants(user), []);
      }),
    );

    check(
      "keeps the last who manages users, also from themselves",
      Effect.gen(function* () {
        const { admin, roles, managing } = subject();
        assert.deepStrictEqual(yield* set(admin, roles), { _tag: "LastManager" });
        assert.deepStrictEqual(yield* set(admin, [managing, ...roles]), { _tag: "Set" });
        const second = newSub();
        yield* manager(second);
        assert.deepStrictEqual(yield* set(admin, []), { _tag: "Set" });
        assert.deepStrictEqual(yield* set(second, [], { caller: second }), { _tag: "LastManager" });
      }),
    );

    check(
      "keeps one manager where two take each other's role at once, a hundred times",
      Effect.gen(function* () {
        for (let turn = 0; turn < 100; turn++) {
          const [one, two] = [newSub(), newSub()];
          yield* subject().reset;
          yield* manager(one);
          yield* manager(two);
          yield* set(subject().admin, []);
          const asks = [set(one, [], { caller: two }), set(two, [], { caller: one })];
          const answers = yield* Effect.all(asks, { concurrency: "unbounded" });
          assert.deepStrictEqual(answers.map(({ _tag }) => _tag).sort(), ["Denied", "Set"]);
        }
      }),
    );

    check(
      "shows whose roles are whose; whoever has none is not there",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, managing, roles } = subject();
        const [user, nobody] = [newSub(), newSub()];
        yield* set(user, roles);
        const found = yield* access.rolesOf([admin, user, nobody]);
        const ids = (of: UserId) =>
          found
            .get(of)
            ?.map(({ id }) => id)
            .sort();
        assert.deepStrictEqual(
          [ids(admin), ids(user), ids(nobody)],
          [[managing], [...roles].sort(), undefined],
        );
        assert.strictEqual((yield* access.rolesOf([])).size, 0);
      }),
    );
  });
};
