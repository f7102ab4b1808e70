/**
 * What becomes of grants of one trust, which FLIP has since September 2026: they count for nothing here, no change of roles touches
 * them, and they go with their user.
 */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import type { ChangeKind } from "../../src/domain/operation.ts";
import type { RoleId, UserId } from "../../src/domain/user.ts";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { askedAt, etagFor, makeLedger, newId, newSub } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

export const trustsContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, inState, manager } = makeLedger(test, subject);

  const set = Effect.fnUntraced(function* (user: UserId, roles: ReadonlyArray<RoleId>, confirmed?: UserId[]) {
    const access = yield* Access;
    const { admin: caller } = subject();
    const standing = { tag: null, askedAt, confirmed: confirmed ?? [caller] };
    return yield* access.setRoles({ id: newId(), caller, subject: user, roles, ...standing });
  });
  const change = Effect.fnUntraced(function* (kind: ChangeKind, user: UserId) {
    const changes = yield* Changes;
    const { admin: caller } = subject();
    const standing = { tag: null, askedAt, confirmed: [caller] };
    return yield* changes.open({ id: newId(), kind, caller, subject: user, ...standing });
  });

  describe(`${name}: grants of one trust`, () => {
    check(
      "give nobody the permission to manage users, and do not make them one who is left",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, managing } = subject();
        const user = newSub();
        yield* subject().grantAtTrust(user, managing);
        const may = yield* access.mayManageUsers({ id: newId(), caller: user, subject: user });
        assert.isFalse(may.allowed);
        const { admin: caller } = subject();
        const asked = {
          id: newId(),
          caller: user,
          subject: newSub(),
          tag: null,
          askedAt,
          confirmed: [caller],
        };
        assert.strictEqual((yield* access.setRoles({ ...asked, roles: [] }))._tag, "Denied");
        const alone = { _tag: "LastManager", others: [] } as const;
        assert.deepStrictEqual(yield* set(admin, [], [user]), alone);
        assert.deepStrictEqual(yield* change("disable", admin), alone);
      }),
    );

    check(
      "are no roles in an account, and change no entity tag",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, roles } = subject();
        const user = newSub();
        yield* set(user, [roles[0]]);
        const tag = yield* etagFor(admin, user);
        for (const role of roles) yield* subject().grantAtTrust(user, role);
        const shown = (yield* access.accountsOf([user])).get(user)?.roles.map(({ id }) => id);
        assert.deepStrictEqual(shown, [roles[0]]);
        assert.strictEqual(yield* etagFor(admin, user), tag);
      }),
    );

    check(
      "outlive every change of roles, and do not keep the same role from being granted globally",
      Effect.gen(function* () {
        const { roles } = subject();
        const [one, two] = roles;
        const user = newSub();
        yield* subject().grantAtTrust(user, one);
        for (const wanted of [[one], [two], [one, two], []]) {
          assert.strictEqual((yield* set(user, wanted))._tag, "Set");
          assert.sameMembers([...(yield* subject().grants(user))], wanted);
          assert.deepStrictEqual(yield* subject().grantsAtTrust(user), [one]);
        }
        const recorded = (yield* subject().roleChanges).map(({ before, after }) => [before, after]);
        assert.deepInclude(recorded, [[], [one]]);
        assert.deepInclude(recorded, [[one, two].sort(), []]);
      }),
    );

    check(
      "are not named where roles were overtaken",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin: caller, roles } = subject();
        const user = newSub();
        yield* subject().grantAtTrust(user, roles[0]);
        yield* set(user, [roles[1]]);
        const late = {
          id: newId(),
          caller,
          subject: user,
          tag: null,
          confirmed: [caller],
          roles: [roles[0]],
        };
        const answer = yield* access.setRoles({ ...late, askedAt: "2998-01-01T00:00:00.000000Z" });
        assert.deepStrictEqual(answer, { _tag: "Overtaken", roles: [roles[1]] });
      }),
    );

    check(
      "go with the user: by a removal, and where they are lost",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { roles, managing } = subject();
        const user = newSub();
        yield* manager(user);
        for (const role of roles) yield* subject().grantAtTrust(user, role);
        yield* change("remove", user);
        assert.deepStrictEqual(yield* subject().grantsAtTrust(user), []);
        const taken = (yield* subject().roleChanges).at(-1);
        assert.deepStrictEqual([taken?.before, taken?.after], [[...roles, managing].sort(), []]);

        const { id, sub } = yield* inState("rolling_back");
        const left = sub ?? newSub();
        yield* subject().grantAtTrust(left, roles[0]);
        yield* ledger.markRolledBack(id, { consumed: true, sub: left });
        assert.deepStrictEqual(yield* subject().grantsAtTrust(left), []);
      }),
    );
  });
};
