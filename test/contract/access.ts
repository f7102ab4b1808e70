/** What Access keeps: permission from grants alone, denials on record, and somebody who goes on managing users. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction } from "../../src/domain/audit.ts";
import type { ChangeKind } from "../../src/domain/operation.ts";
import { RoleId, type UserId } from "../../src/domain/user.ts";
import { Access, type SetRoles } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { askedAt, BUDGET, etagFor, makeLedger, newId, newSub } from "./ledger.ts";
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
    askedAt,
    confirmed: [subject().admin],
    ...more,
  });
  const change = Effect.fnUntraced(function* (kind: ChangeKind, user: UserId) {
    const changes = yield* Changes;
    const { admin: caller } = subject();
    const standing = { askedAt, confirmed: [caller] };
    return yield* changes.open({ id: newId(), kind, caller, subject: user, tag: null, ...standing });
  });
  /** Without the entity tag, which has tests of its own. */
  const send = Effect.fnUntraced(function* (asked: SetRoles) {
    const answer = yield* Effect.flatMap(Access, (access) => access.setRoles(asked));
    return answer._tag === "Set" ? { _tag: answer._tag } : answer;
  });
  const set = (...asked: Parameters<typeof command>) => send(command(...asked));

  describe(`${name}: Access`, () => {
    check(
      "knows who has acted here: for what they did to others, or were denied, not for what was done to them",
      Effect.gen(function* () {
        const [access, ledger] = [yield* Access, yield* Ledger];
        const { admin, viewer } = subject();
        const [asked, denied, subjectOnly] = [newSub(), viewer, newSub()];
        yield* manager(asked);
        yield* manager(subjectOnly);
        const acted = access.haveActed([admin, asked, denied, subjectOnly, newSub()]);
        assert.deepStrictEqual(yield* acted, [admin]);
        const { id } = yield* inState("started", { caller: asked });
        yield* access.mayManageUsers({ id: newId(), caller: denied, subject: denied });
        yield* send(command(subjectOnly, [subject().roles[0]], { caller: subjectOnly }));
        assert.sameMembers([...(yield* acted)], [admin, asked, denied]);
        yield* ledger.abandon(id);
        assert.deepStrictEqual(yield* access.haveActed([]), []);
      }),
    );

    check(
      "knows who may manage users, and writes down once who asked without",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, viewer } = subject();
        const somebody = newSub();
        const may = (caller: UserId, id = newId()) =>
          Effect.map(access.mayManageUsers({ id, caller, subject: somebody }), ({ allowed }) => allowed);
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
        const may = (caller: UserId) =>
          Effect.map(
            access.mayManageUsers({ id: newId(), caller, subject: caller }),
            ({ allowed }) => allowed,
          );
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
      "knows whom the ledger has removed or lost, and nobody else",
      Effect.gen(function* () {
        const access = yield* Access;
        const [disabled, removed] = [newSub(), newSub()];
        yield* change("disable", disabled);
        yield* change("remove", removed);
        const { sub: lost } = yield* inState("user_lost");
        const { sub: registered } = yield* inState("completed");
        if (lost === null || registered === null) return;
        assert.deepStrictEqual(
          yield* Effect.forEach([removed, lost, disabled, registered, newSub()], access.isRemoved),
          [true, true, false, false, false],
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
        const confirmed = [removed, lost];
        const answer = yield* set(subject().admin, [], { confirmed });
        assert.deepStrictEqual(answer, { _tag: "LastManager", others: [] });
      }),
    );

    check(
      "gives a user an entity tag, which changes with their grants and with the newest operation, for managers only",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, viewer, roles } = subject();
        const [user, other] = [newSub(), newSub()];
        const tag = etagFor(admin, user);
        const seen = [yield* tag];
        assert.strictEqual(yield* tag, seen[0], "it stays while nothing changes");
        const setting = yield* access.setRoles(command(user, [roles[0], roles[1], roles[0]]));
        seen.push(yield* tag);
        assert.deepStrictEqual(setting, { _tag: "Set", etag: seen[1] ?? "" });
        yield* subject().grant(user, subject().managing);
        seen.push(yield* tag);
        for (const kind of ["reset_mfa", "disable", "enable", "remove"] as const) {
          yield* change(kind, user);
          seen.push(yield* tag);
        }
        yield* set(other, roles);
        assert.strictEqual(yield* tag, seen.at(-1), "others do not change it");
        assert.strictEqual(new Set([...seen, yield* etagFor(admin, other)]).size, seen.length + 1);
        assert.isNull(yield* etagFor(viewer, user));
      }),
    );

    check(
      "sets roles only where the user has one of the entity tags that are named, and a repeat is not refused by itself",
      Effect.gen(function* () {
        const { admin, roles } = subject();
        const user = newSub();
        const [one, two] = roles;
        const fresh = (yield* etagFor(admin, user)) ?? "";
        const failed = { _tag: "PreconditionFailed" } as const;
        for (const ifMatch of [[], ["other"], ["", `"${fresh}"`, fresh.toUpperCase()]])
          assert.deepStrictEqual(yield* set(user, [one], { ifMatch }), failed);
        assert.deepStrictEqual([yield* subject().grants(user), yield* subject().audit], [[], []]);

        const asked = command(user, [one], { ifMatch: ["other", fresh] });
        for (let turn = 0; turn < 2; turn++)
          assert.deepStrictEqual(yield* send(asked), { _tag: "Set" }, `turn ${turn}`);
        assert.deepStrictEqual(yield* set(user, [two], { ifMatch: [fresh] }), failed);
        yield* change("disable", user);
        const stale = { ifMatch: [(yield* etagFor(admin, user)) ?? ""] };
        yield* change("enable", user);
        assert.deepStrictEqual(yield* set(user, [two], stale), failed);
        assert.deepStrictEqual(yield* subject().grants(user), [one]);
        assert.deepStrictEqual(yield* set(user, [two], { ifMatch: "*" }), { _tag: "Set" });
      }),
    );

    check(
      "replaces a user's roles, with an audit row under the id",
      Effect.gen(function* () {
        const user = newSub();
        const [one, two] = subject().roles;
        for (const roles of [[one], [one, two], [two], [], [two, two]]) {
          const asked = command(user, roles);
          const answer = yield* send(asked);
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
        const [user, other] = [newSub(), newSub()];
        const [one, two] = subject().roles;
        yield* manager(other);
        const first = command(user, [one], { caller: other });
        yield* send(first);
        yield* set(user, [two]);
        assert.deepStrictEqual(yield* send(first), { _tag: "Set" });
        assert.deepStrictEqual(yield* subject().grants(user), [two], "who may still set roles");
        yield* set(other, []);
        const before = yield* subject().audit;
        assert.deepStrictEqual(yield* send(first), { _tag: "Set" });
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
        assert.deepStrictEqual(actions, [AuditAction.denied]);
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
        const alone = { _tag: "LastManager", others: [] } as const;
        assert.deepStrictEqual(yield* set(admin, roles), alone, "who is confirmed and leaves is not left");
        assert.deepStrictEqual(yield* set(admin, [managing, ...roles]), { _tag: "Set" });
        const second = newSub();
        yield* manager(second);
        assert.deepStrictEqual(yield* set(admin, [], { confirmed: [second] }), { _tag: "Set" });
        assert.deepStrictEqual(yield* set(second, [], { caller: second }), alone);
      }),
    );

    check(
      "counts nobody as left whom the pool has not confirmed, and names them, the caller first",
      Effect.gen(function* () {
        const { admin, roles } = subject();
        const others = [newSub(), newSub()].sort();
        for (const other of others) yield* manager(other);
        const [one, two] = others;
        if (one === undefined || two === undefined) return;
        const unconfirmed = { confirmed: [] };
        const names = (...asked: Parameters<typeof set>) =>
          Effect.map(set(...asked), (answer) =>
            answer._tag === "LastManager" ? answer.others : answer._tag,
          );
        assert.deepStrictEqual(yield* names(admin, roles, unconfirmed), others);
        assert.deepStrictEqual(yield* names(one, [], { caller: two, ...unconfirmed }), [two, admin]);
        assert.deepStrictEqual(yield* names(one, [], { confirmed: [one, newSub()] }), [admin, two]);
        assert.deepStrictEqual(yield* subject().grants(one), [subject().managing]);
        assert.strictEqual(yield* names(newSub(), roles, unconfirmed), "Set", "nobody leaves");
        assert.strictEqual(yield* names(one, [subject().managing], unconfirmed), "Set", "they stay");
        assert.strictEqual(yield* names(one, [], { confirmed: [two] }), "Set");
      }),
    );

    check(
      "grants a machine the permission, and counts it neither as one who is left nor as one to ask the pool for",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, machine, managing, roles } = subject();
        assert.deepStrictEqual(yield* set(machine, [managing]), { _tag: "Set" });
        const may = yield* access.mayManageUsers({ id: newId(), caller: machine, subject: machine });
        assert.isTrue(may.allowed);
        const alone = { _tag: "LastManager", others: [] } as const;
        for (const caller of [admin, machine])
          assert.deepStrictEqual(yield* set(admin, roles, { caller, confirmed: [] }), alone);
        assert.deepStrictEqual(yield* set(machine, [], { confirmed: [admin] }), { _tag: "Set" });
      }),
    );

    check(
      "does nothing once the budget is over, counted from the check of the caller by the database's clock",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin: caller, roles } = subject();
        const user = newSub();
        const check = yield* access.mayManageUsers({ id: newId(), caller, subject: user });
        const before = (seconds: number) => ({
          askedAt: new Date(Date.parse(check.askedAt) - seconds * 1000).toISOString(),
        });
        assert.deepStrictEqual(yield* set(user, roles, before(BUDGET + 1)), { _tag: "TooLate" });
        assert.deepStrictEqual(yield* subject().grants(user), []);
        assert.deepStrictEqual(yield* subject().audit, []);
        assert.deepStrictEqual(yield* set(user, roles, before(BUDGET - 5)), { _tag: "Set" });
        assert.sameMembers([...(yield* subject().grants(user))], [...roles]);
      }),
    );

    check(
      "does nothing where somebody has set the user's roles who asked later, and says which stand, as the trail does",
      Effect.gen(function* () {
        const at = (second: number) => ({ askedAt: `2999-01-01T00:00:0${second}.000000Z` });
        const [user, other] = [newSub(), newSub()];
        const [one, two] = subject().roles;
        assert.deepStrictEqual(yield* set(user, [one], at(2)), { _tag: "Set" });
        const late = command(user, [two], at(1));
        const access = yield* Access;
        for (let turn = 0; turn < 2; turn++)
          assert.deepStrictEqual(yield* access.setRoles(late), { _tag: "Overtaken", roles: [one] });
        assert.deepStrictEqual(yield* subject().grants(user), [one]);
        const trail = (yield* subject().audit).map(({ action }) => action);
        assert.deepStrictEqual(trail, [AuditAction.rolesUpdated, AuditAction.rolesOvertaken]);
        assert.deepStrictEqual(yield* set(other, [two], at(1)), { _tag: "Set" });
        assert.deepStrictEqual(yield* set(user, [two], at(3)), { _tag: "Set" });
        assert.deepStrictEqual(yield* set(user, [one], at(2)), { _tag: "Overtaken", roles: [two] });
        assert.deepStrictEqual(yield* subject().grants(user), [two]);
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
          const confirmed = [one, two];
          yield* set(subject().admin, [], { confirmed });
          const asks = [set(one, [], { caller: two, confirmed }), set(two, [], { caller: one, confirmed })];
          const answers = yield* Effect.all(asks, { concurrency: "unbounded" });
          assert.deepStrictEqual(answers.map(({ _tag }) => _tag).sort(), ["Denied", "Set"]);
        }
      }),
    );

    check(
      "shows whose roles are whose",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, managing, roles } = subject();
        const [user, nobody] = [newSub(), newSub()];
        yield* set(user, roles);
        const found = yield* access.accountsOf([admin, user, nobody]);
        const ids = (of: UserId) =>
          found
            .get(of)
            ?.roles.map(({ id }) => id)
            .sort();
        assert.deepStrictEqual([ids(admin), ids(user), ids(nobody)], [[managing], [...roles].sort(), []]);
        assert.strictEqual((yield* access.accountsOf([])).size, 0);
      }),
    );

    check(
      "shows the state of an account: invitations that were sent, who has disabled it, and what is open",
      Effect.gen(function* () {
        const access = yield* Access;
        const changes = yield* Changes;
        const { admin } = subject();
        const accountOf = Effect.fnUntraced(function* (user: UserId) {
          const account = (yield* access.accountsOf([user])).get(user);
          return account ?? (yield* Effect.die(new Error("no account")));
        });
        const fresh = {
          profile: subject().profiles ? { name: "", organisation: "" } : null,
          roles: [],
          invitations: { count: 0, lastAt: null },
          disabledBy: null,
          deliveryFailed: false,
          openOperations: [],
        };
        assert.deepStrictEqual(yield* accountOf(newSub()), fresh);
        const { sub: user } = yield* inState("completed");
        if (user === null) return;
        const registered = yield* accountOf(user);
        assert.strictEqual(registered.invitations.count, 1);
        assert.match(registered.invitations.lastAt ?? "", /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/);

        const invite = yield* change("invite", user);
        if (invite._tag !== "Opened") return assert.fail(invite._tag);
        const open = yield* accountOf(user);
        assert.strictEqual(open.invitations.count, 1, "it is not sent before it is done");
        assert.deepStrictEqual(open.openOperations, [{ operationId: invite.change.id, kind: "invite" }]);
        const ledger = yield* Ledger;
        yield* ledger.defer(invite.change, "invite: CodeDeliveryFailureException", false);
        assert.isTrue((yield* accountOf(user)).deliveryFailed);
        yield* changes.finish(invite.change.id);
        assert.deepInclude(yield* accountOf(user), { openOperations: [], deliveryFailed: false });
        assert.strictEqual((yield* accountOf(user)).invitations.count, 2);

        yield* change("disable", user);
        assert.strictEqual((yield* accountOf(user)).disabledBy?.userId, admin);
        yield* change("enable", user);
        assert.isNull((yield* accountOf(user)).disabledBy);
      }),
    );
  });
};
