/** What each move keeps: it starts from one state only, may be repeated, and writes its audit row with it or not at all. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction } from "../../src/domain/audit.ts";
import type { OperationId, State } from "../../src/domain/operation.ts";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Actor, Ledger } from "../../src/ports/ledger.ts";
import { askedAt, HORIZON, makeLedger, newId, newSub, seconds } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

type Moves = typeof Ledger.Service;

const STATES: ReadonlyArray<State> = [
  "started",
  "registered",
  "rolling_back",
  "completed",
  "rejected",
  "rolled_back",
  "user_lost",
];

/** Every move, and the states from which it is one. */
const MOVES: ReadonlyArray<
  readonly [string, ReadonlyArray<State>, (ledger: Moves, id: OperationId) => Effect.Effect<unknown, unknown>]
> = [
  ["commit", ["started"], (ledger, id) => ledger.commit(id, newSub())],
  ["fence", ["started"], (ledger, id) => ledger.fence(id)],
  [
    "markRolledBack",
    ["rolling_back"],
    (ledger, id) => ledger.markRolledBack(id, { consumed: true, sub: newSub() }),
  ],
  ["reject", ["started"], (ledger, id) => ledger.reject(id, "create_refused", true, "other")],
  ["abandon", ["started"], (ledger, id) => ledger.abandon(id)],
  ["acknowledge", ["registered"], (ledger, id) => ledger.acknowledge(id)],
  ["complete", ["registered"], (ledger, id) => ledger.complete(id)],
  ["missing", ["registered"], (ledger, id) => ledger.missing(id, "2000-01-01T00:00:00Z")],
  ["endGracePeriod", ["rejected", "rolled_back"], (ledger, id) => ledger.endGracePeriod(id, newSub())],
];

export const movesContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, inState, lose, manager, read, started } = makeLedger(test, subject);
  const still = ({ readAt: _, ...registration }: { readonly readAt: string }) => registration;

  describe(`${name}: Ledger moves`, () => {
    for (const [move, from, make] of MOVES) {
      check(
        `${move} changes nothing but a registration that is ${from.join(" or ")}`,
        Effect.gen(function* () {
          const ledger = yield* Ledger;
          for (const state of STATES.filter((candidate) => !from.includes(candidate))) {
            const before = yield* inState(state);
            const audit = yield* subject().audit;
            yield* make(ledger, before.id);
            assert.deepStrictEqual(still(yield* read(before.id)), still(before), `${move} from ${state}`);
            assert.deepStrictEqual(yield* subject().audit, audit, `${move} from ${state}`);
          }
        }),
      );
    }

    check(
      "commit writes the audit row under the registration's id, once, and grants nothing",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id, startedAt } = yield* started();
        const sub = newSub();
        assert.isTrue(yield* ledger.commit(id, sub));
        assert.isFalse(yield* ledger.commit(id, sub));
        const entry = { id, action: AuditAction.registered, userId: sub, by: subject().admin };
        assert.deepStrictEqual(yield* subject().audit, [entry]);
        assert.deepStrictEqual(yield* subject().grants(sub), []);
        const registration = yield* read(id);
        assert.strictEqual(registration.sub, sub);
        assert.strictEqual(seconds(startedAt, registration.dueAt), HORIZON);
      }),
    );

    check(
      "commit that names the registrations it knows is refused where the address is registered by another",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id: other, email } = yield* inState("registered");
        const { id } = yield* started({ email });
        assert.isFalse(yield* ledger.commit(id, newSub(), []));
        assert.strictEqual((yield* read(id)).state, "started");
        assert.strictEqual((yield* subject().audit).length, 1);
        assert.isTrue(yield* ledger.commit(id, newSub(), [other]));
        yield* inState("rejected", { email });
        yield* inState("user_lost", { email });
        const { id: third } = yield* started({ email });
        assert.isFalse(yield* ledger.commit(third, newSub(), [other]));
        assert.isTrue(yield* ledger.commit(third, newSub(), [other, id]));
      }),
    );

    check(
      "commit of a step grants its roles, and says so in the audit",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const roles = subject().roles;
        const { id } = yield* started({ kind: "register_with_roles", roles });
        const sub = newSub();
        yield* ledger.commit(id, sub);
        assert.sameMembers([...(yield* subject().grants(sub))], [...roles]);
        const actions = (yield* subject().audit).map(({ action, userId }) => [action, userId]);
        assert.sameDeepMembers(actions, [
          [AuditAction.registered, sub],
          [AuditAction.rolesUpdated, sub],
        ]);
      }),
    );

    check(
      "commit of a step grants nothing to whom an administrator has set roles meanwhile: that was asked for later",
      Effect.gen(function* () {
        const [ledger, access] = [yield* Ledger, yield* Access];
        const { admin: caller, roles } = subject();
        const { id } = yield* started({ kind: "register_with_roles", roles });
        const sub = newSub();
        const asked = { id: newId(), caller, subject: sub, tag: null, roles: [], askedAt, confirmed: [] };
        assert.strictEqual((yield* access.setRoles(asked))._tag, "Set");
        assert.isTrue(yield* ledger.commit(id, sub));
        assert.deepStrictEqual(yield* subject().grants(sub), []);
        assert.deepStrictEqual((yield* subject().audit).map(({ action }) => action).sort(), [
          AuditAction.registered,
          AuditAction.rolesUpdated,
        ]);
      }),
    );

    check(
      "the fence answers what it has found",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        for (const state of STATES) {
          const { id } = yield* inState(state);
          assert.strictEqual(yield* ledger.fence(id), state === "started" ? "rolling_back" : state);
        }
      }),
    );

    check(
      "commit and fence exclude each other, sixty times",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const race = Effect.fnUntraced(function* (n: number) {
          const { id } = yield* started();
          const sub = newSub();
          const commit = { committed: ledger.commit(id, sub), fenced: ledger.fence(id) };
          const order = n % 2 === 0 ? commit : { fenced: commit.fenced, committed: commit.committed };
          const { committed, fenced } = yield* Effect.all(order, { concurrency: "unbounded" });
          assert.strictEqual(fenced, committed ? "registered" : "rolling_back");
          assert.strictEqual((yield* read(id)).state, fenced);
          const claims = (yield* subject().audit).filter((entry) => entry.id === id);
          assert.strictEqual(claims.length, committed ? 1 : 0);
        });
        yield* Effect.forEach(
          Array.from({ length: 60 }, (_, n) => n),
          race,
          { concurrency: 6 },
        );
      }),
    );

    check(
      "signs each move with who made it",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const operator = newSub();
        const { id } = yield* started();
        yield* Effect.provideService(ledger.fence(id), Actor, "sweeper");
        yield* Effect.provideService(
          ledger.markRolledBack(id, { consumed: true, sub: newSub() }),
          Actor,
          operator,
        );
        const { history } = yield* read(id);
        assert.deepStrictEqual(
          history.map(({ state, by }) => `${state} ${by}`),
          ["started request", "rolling_back sweeper", "rolled_back operator"],
        );
        assert.deepStrictEqual(history.at(-1)?.who, operator);
        const trail = (yield* subject().audit).map(({ action, by }) => [action, by]);
        assert.deepStrictEqual(trail, [[AuditAction.rolledBack, operator]]);
      }),
    );

    check(
      "signs a user who is lost with whoever removed them here, and else with who registered them",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const remover = newSub();
        yield* manager(remover);
        const { sub, caller } = yield* inState("user_lost");
        assert.isNotNull(sub);
        const lost = () =>
          Effect.map(subject().audit, (rows) =>
            rows.filter(({ action }) => action === AuditAction.lost).map(({ userId, by }) => [userId, by]),
          );
        assert.deepStrictEqual(yield* lost(), [[sub, caller]]);
        const removed = yield* inState("registered");
        if (removed.sub === null) return;
        yield* changes.open({
          id: newId(),
          kind: "remove",
          caller: remover,
          subject: removed.sub,
          tag: null,
          askedAt,
          confirmed: [],
        });
        yield* lose(removed.id);
        assert.deepStrictEqual((yield* lost()).at(-1), [removed.sub, remover]);
      }),
    );
  });
};
