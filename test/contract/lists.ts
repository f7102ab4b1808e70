/**
 * What lists keep: the ledger's, which neither skip nor repeat, and those of roles and permissions. Only the real
 * adapters have them; nothing that runs on memory asks.
 */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Ledger, type ListQuery, type Page } from "../../src/ports/ledger.ts";
import { askedAt, everything, makeLedger, newId, newSub } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

export const listsContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, started, inState } = makeLedger(test, subject);
  const many = (count: number) => Effect.all(Array.from({ length: count }, () => started()));

  describe(`${name}: lists`, () => {
    check(
      "have changes among registrations",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const changes = yield* Changes;
        const { admin: caller } = subject();
        const opening = yield* changes.open({
          id: newId(),
          kind: "disable",
          caller,
          subject: newSub(),
          tag: null,
          askedAt,
          confirmed: [],
        });
        if (opening._tag !== "Opened") return yield* Effect.die(new Error(opening._tag));
        const query = { ...everything, limit: 10 };
        assert.strictEqual(
          (yield* ledger.list({ ...query, state: "pending" })).items[0]?.id,
          opening.change.id,
        );
        assert.deepStrictEqual((yield* ledger.list({ ...query, state: "started" })).items, []);
      }),
    );

    check(
      "lists by state and by need, newest first",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const old = yield* inState("rolling_back");
        yield* subject().age(10);
        const recent = yield* inState("rolling_back");
        yield* inState("completed");
        yield* ledger.defer(old, "NeedsOperator", true);
        const all = { ...everything, limit: 10 };
        const ids = (query: Parameters<typeof ledger.list>[0]) =>
          Effect.map(ledger.list(query), ({ items }) => items.map(({ id }) => id));
        assert.deepStrictEqual(yield* ids({ ...all, state: "rolling_back" }), [recent.id, old.id]);
        assert.deepStrictEqual(yield* ids({ ...all, needsOperator: true }), [old.id]);
        assert.strictEqual((yield* ids({ ...all, needsOperator: false })).length, 2);
        assert.strictEqual((yield* ids(all)).length, 3);
      }),
    );

    check(
      "lists by address, user, caller, kind and time of the start",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const old = yield* inState("completed");
        yield* subject().age(3600);
        const recent = yield* inState("started", { kind: "register_with_roles" });
        const all = { ...everything, limit: 10 };
        const ids = (query: Partial<Parameters<typeof ledger.list>[0]>) =>
          Effect.map(ledger.list({ ...all, ...query }), ({ items }) => items.map(({ id }) => id));
        const hourAgo = new Date(Date.parse(recent.startedAt) - 1_800_000).toISOString();
        assert.deepStrictEqual(yield* ids({ email: old.email }), [old.id]);
        assert.deepStrictEqual(yield* ids({ userId: old.sub }), [old.id]);
        assert.deepStrictEqual(yield* ids({ caller: subject().admin }), [recent.id, old.id]);
        assert.deepStrictEqual(yield* ids({ caller: newSub() }), []);
        assert.deepStrictEqual(yield* ids({ kind: "register_with_roles" }), [recent.id]);
        assert.deepStrictEqual(yield* ids({ from: hourAgo }), [recent.id]);
        assert.deepStrictEqual(yield* ids({ until: hourAgo }), [old.id]);
        assert.deepStrictEqual(yield* ids({ from: recent.startedAt, until: recent.startedAt }), []);
      }),
    );

    check(
      "pages without a gap or a repeat while others go on registering",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const before = yield* many(9);
        const seen: Array<string> = [];
        let cursor: ListQuery["cursor"] = null;
        for (let page = 0; page < 60 && (page === 0 || cursor !== null); page++) {
          const query: ListQuery = { ...everything, cursor, limit: 2 };
          const [found]: readonly [Page, unknown] = yield* Effect.all([ledger.list(query), many(2)], {
            concurrency: 2,
          });
          seen.push(...found.items.map((registration) => registration.id));
          cursor = found.next;
        }
        assert.strictEqual(new Set(seen).size, seen.length);
        assert.deepStrictEqual(
          before.filter(({ id }) => !seen.includes(id)),
          [],
        );
      }),
    );

    check(
      "shows the roles there are, by name, and whose they are",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, managing, roles } = subject();
        const granting = { caller: admin, tag: null, askedAt, confirmed: [] };
        const all = yield* access.roles();
        const names = all.map(({ rolename }) => rolename);
        assert.deepStrictEqual(names, [...names].sort());
        assert.includeMembers(
          all.map(({ id }) => id),
          [managing, ...roles],
        );
        const [user, nobody] = [newSub(), newSub()];
        yield* access.setRoles({ ...granting, id: newId(), subject: user, roles });
        const found = yield* access.accountsOf([admin, user, nobody]);
        assert.deepStrictEqual(found.get(nobody)?.roles, []);
        assert.deepStrictEqual(
          found.get(admin)?.roles,
          all.filter(({ id }) => id === managing),
        );
        assert.deepStrictEqual(
          found.get(user)?.roles,
          all.filter(({ id }) => roles.includes(id)),
        );
        assert.strictEqual((yield* access.accountsOf([])).size, 0);
      }),
    );

    check(
      "shows a user's permissions; null where they have no role at all, or are not here any more",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, roles } = subject();
        const granting = { caller: admin, tag: null, askedAt, confirmed: [] };
        assert.include((yield* access.permissionsOf(admin)) ?? [], "CAN_MANAGE_USERS");
        const user = newSub();
        assert.isNull(yield* access.permissionsOf(user));
        yield* access.setRoles({ ...granting, id: newId(), subject: user, roles: [roles[1]] });
        assert.deepStrictEqual(yield* access.permissionsOf(user), []);
        const changes = yield* Changes;
        for (const [kind, shown] of [
          ["disable", null],
          ["enable", []],
          ["remove", null],
        ] as const) {
          yield* changes.open({ ...granting, id: newId(), kind, subject: user });
          yield* subject()
            .grant(user, roles[0])
            .pipe(Effect.when(Effect.succeed(kind === "remove")));
          assert.deepStrictEqual(yield* access.permissionsOf(user), shown, kind);
        }
        if (subject().trusts) {
          const [atTrust, both] = [newSub(), newSub()];
          yield* access.setRoles({ ...granting, id: newId(), subject: both, roles: [roles[1]] });
          for (const at of [atTrust, both]) yield* subject().grantAtTrust(at, subject().managing);
          assert.deepStrictEqual(
            [yield* access.permissionsOf(atTrust), yield* access.permissionsOf(both)],
            [null, []],
          );
        }
        const other = newSub();
        yield* access.setRoles({ ...granting, id: newId(), subject: other, roles });
        yield* access.setRoles({ ...granting, id: newId(), subject: other, roles: [] });
        assert.isNull(yield* access.permissionsOf(other));
      }),
    );
  });
};
