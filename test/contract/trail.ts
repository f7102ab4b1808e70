/** What the audit trail keeps beside FLIP's table: for each change of roles, which they were and which they are. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction } from "../../src/domain/audit.ts";
import type { OperationId } from "../../src/domain/operation.ts";
import type { RoleId, UserId } from "../../src/domain/user.ts";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { askedAt, makeLedger, newId, newSub } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

export const trailContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, inState, lose, request } = makeLedger(test, subject);

  const set = Effect.fnUntraced(function* (user: UserId, roles: ReadonlyArray<RoleId>, id = newId()) {
    const access = yield* Access;
    const { admin: caller } = subject();
    const standing = { tag: null, askedAt, confirmed: [caller] };
    return yield* access.setRoles({ id, caller, subject: user, roles, ...standing });
  });

  /** What is recorded of a user's roles: the audit row's action and actor, and the roles, both sorted. */
  const recorded = Effect.fnUntraced(function* (user: UserId | null) {
    const rows = yield* subject().audit;
    return (yield* subject().roleChanges)
      .filter((change) => change.subject === user)
      .map(({ id, caller, before, after }) => {
        const row = rows.find((entry) => entry.id === id);
        assert.deepStrictEqual(
          [row?.userId, row?.by],
          [user, caller],
          "the audit row tells of another change",
        );
        return [row?.action, before, after];
      });
  });

  /** Each way to ask for what needs the permission, of somebody who does not have it. */
  const asking: Readonly<
    Record<
      string,
      (id: OperationId, about: UserId) => Effect.Effect<unknown, unknown, Access | Changes | Ledger>
    >
  > = {
    mayManageUsers: (id, about) =>
      Effect.flatMap(Access, (access) =>
        access.mayManageUsers({ id, caller: subject().viewer, subject: about }),
      ),
    setRoles: (id, about) =>
      Effect.flatMap(Access, (access) =>
        access.setRoles({
          id,
          caller: subject().viewer,
          subject: about,
          tag: null,
          roles: [],
          askedAt,
          confirmed: [],
        }),
      ),
    "changes.open": (id, about) =>
      Effect.flatMap(Changes, (changes) =>
        changes.open({
          id,
          kind: "remove",
          caller: subject().viewer,
          subject: about,
          tag: null,
          askedAt,
          confirmed: [],
        }),
      ),
    "ledger.open": (id) =>
      Effect.flatMap(Ledger, (ledger) => ledger.open(request({ id, caller: subject().viewer }))),
  };

  /** The rows of the trail about denials, and what is counted for each. */
  const denied = Effect.gen(function* () {
    const counted = yield* subject().denials;
    return (yield* subject().audit).map(({ id, action, userId, by }) => {
      const count = counted.find((denial) => denial.id === id);
      assert.deepStrictEqual([count?.caller, count?.action], [by, action]);
      return { action, userId, by, times: count?.times };
    });
  });

  describe(`${name}: the trail`, () => {
    for (const [way, ask] of Object.entries(asking)) {
      const action = way === "ledger.open" ? AuditAction.deniedRegistration : AuditAction.denied;

      check(
        `has one row for all that a caller was denied in an hour, about whom the first was, and how often: ${way}`,
        Effect.gen(function* () {
          const { viewer } = subject();
          const first = newSub();
          yield* ask(newId(), first);
          for (let more = 0; more < 4; more++) yield* ask(newId(), newSub());
          const userId = way === "ledger.open" ? viewer : first;
          assert.deepStrictEqual(yield* denied, [{ action, userId, by: viewer, times: 5 }]);
        }),
      );

      check(
        `counts a question once that is sent again: ${way}`,
        Effect.gen(function* () {
          const id = newId();
          for (let again = 0; again < 3; again++) yield* ask(id, subject().admin);
          yield* ask(newId(), subject().admin);
          assert.deepStrictEqual(
            (yield* denied).map(({ times }) => times),
            [2],
          );
        }),
      );

      check(
        `counts every one of forty who are denied at once: ${way}`,
        Effect.gen(function* () {
          const asks = Array.from({ length: 40 }, () => ask(newId(), newSub()));
          yield* Effect.all(asks, { concurrency: "unbounded" });
          assert.deepStrictEqual(
            (yield* denied).map(({ times }) => times),
            [40],
          );
        }),
      );
    }

    check(
      "keeps callers and actions apart, and the question's own id free",
      Effect.gen(function* () {
        const access = yield* Access;
        const [other, id] = [newSub(), newId()];
        const { viewer } = subject();
        yield* asking.mayManageUsers?.(id, other) ?? Effect.void;
        yield* asking["changes.open"]?.(newId(), other) ?? Effect.void;
        yield* asking["ledger.open"]?.(newId(), other) ?? Effect.void;
        yield* access.mayManageUsers({ id: newId(), caller: other, subject: other });
        assert.sameDeepMembers(yield* denied, [
          { action: AuditAction.denied, userId: other, by: viewer, times: 2 },
          { action: AuditAction.deniedRegistration, userId: viewer, by: viewer, times: 1 },
          { action: AuditAction.denied, userId: other, by: other, times: 1 },
        ]);
        assert.isFalse((yield* subject().audit).some((row) => row.id === id));
      }),
    );

    check(
      "has the roles before and after each change of roles, sorted, whoever had written them before",
      Effect.gen(function* () {
        const user = newSub();
        const [one, two] = [...subject().roles].sort();
        if (one === undefined || two === undefined) return;
        yield* subject().grant(user, two);
        for (const roles of [[two, one, two], [one], [one], []]) yield* set(user, roles);
        assert.sameDeepMembers(yield* recorded(user), [
          [AuditAction.rolesUpdated, [two], [one, two]],
          [AuditAction.rolesUpdated, [one, two], [one]],
          [AuditAction.rolesUpdated, [one], [one]],
          [AuditAction.rolesUpdated, [one], []],
        ]);
      }),
    );

    check(
      "has them once, however often the statement is repeated, and not where nothing was changed",
      Effect.gen(function* () {
        const { admin, roles } = subject();
        const [user, id] = [newSub(), newId()];
        yield* set(user, [roles[0]], id);
        yield* set(user, [roles[1]], id);
        yield* set(admin, []);
        assert.deepStrictEqual(yield* recorded(user), [[AuditAction.rolesUpdated, [], [roles[0]]]]);
        assert.deepStrictEqual(yield* recorded(admin), []);
      }),
    );

    check(
      "has the roles that a registration grants, beside those that somebody else has granted already",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const [one, two] = [...subject().roles].sort();
        if (one === undefined || two === undefined) return;
        const user = newSub();
        const { id } = yield* inState("started", { kind: "register_with_roles", roles: [two] });
        yield* subject().grant(user, one);
        yield* ledger.commit(id, user);
        yield* ledger.commit(id, user);
        assert.deepStrictEqual(yield* recorded(user), [[AuditAction.rolesUpdated, [one], [one, two]]]);
        const { sub } = yield* inState("registered", { kind: "register", roles: [two] });
        assert.deepStrictEqual(yield* recorded(sub), []);
      }),
    );

    check(
      "has the roles that a deletion takes, and nothing of a user who had none",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const { admin: caller, roles } = subject();
        const [user, nobody] = [newSub(), newSub()];
        const standing = { tag: null, askedAt, confirmed: [caller] };
        for (const role of roles) yield* subject().grant(user, role);
        for (const who of [user, nobody, user]) {
          yield* changes.open({ id: newId(), kind: "remove", caller, subject: who, ...standing });
        }
        yield* changes.open({ id: newId(), kind: "disable", caller, subject: newSub(), ...standing });
        assert.deepStrictEqual(yield* recorded(user), [[AuditAction.removed, [...roles].sort(), []]]);
        assert.strictEqual((yield* subject().roleChanges).length, 1);
      }),
    );

    check(
      "has the roles that a rollback, its final check and a loss take",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const [role] = subject().roles;
        const [deleted, left] = [newSub(), newSub()];
        for (const user of [deleted, left]) yield* subject().grant(user, role);
        const { id } = yield* inState("rolling_back");
        yield* ledger.markRolledBack(id, { consumed: false, sub: deleted });
        yield* ledger.endGracePeriod(id, left);
        for (const user of [deleted, left]) {
          assert.deepStrictEqual(yield* recorded(user), [[AuditAction.rolledBack, [role], []]]);
        }
        const lost = yield* inState("registered", { kind: "register_with_roles", roles: [role] });
        yield* lose(lost.id);
        assert.sameDeepMembers(yield* recorded(lost.sub), [
          [AuditAction.rolesUpdated, [], [role]],
          [AuditAction.lost, [role], []],
        ]);
        const { id: nothing } = yield* inState("rolling_back");
        yield* ledger.markRolledBack(nothing, { consumed: true, sub: newSub() });
        assert.strictEqual((yield* subject().roleChanges).length, 4);
      }),
    );
  });
};
