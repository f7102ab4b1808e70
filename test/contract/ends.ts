/** How registrations end: grace periods that outlast the horizon, users believed lost only at the second look, rows that say so. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction } from "../../src/domain/audit.ts";
import { Actor, Ledger } from "../../src/ports/ledger.ts";
import { HORIZON, makeLedger, newSub, seconds } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

export const endsContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, read, started, inState, manager: grant } = makeLedger(test, subject);

  describe(`${name}: Ledger ends`, () => {
    check(
      "markRolledBack ends the grace period where the create is consumed, and says whom it deleted",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id } = yield* inState("rolling_back");
        const sub = newSub();
        assert.isTrue(yield* ledger.markRolledBack(id, { consumed: true, sub }));
        const registration = yield* read(id);
        assert.deepStrictEqual(
          [registration.graceUntil, registration.dueAt, registration.sub],
          [null, null, sub],
        );
        assert.deepStrictEqual(
          (yield* subject().audit).map(({ action, userId }) => [action, userId]),
          [[AuditAction.rolledBack, sub]],
        );
      }),
    );

    check(
      "markRolledBack and reject keep a grace period to a minute past the second horizon, whatever of it is left",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const early = yield* inState("rolled_back");
        assert.strictEqual(seconds(early.startedAt, early.graceUntil), 2 * HORIZON + 60);
        assert.strictEqual(early.dueAt, early.graceUntil);
        assert.deepStrictEqual(yield* subject().audit, []);
        const late = yield* started();
        yield* ledger.fence(late.id);
        yield* subject().age(HORIZON + 100);
        const between = yield* inState("rolling_back");
        assert.isFalse(between.stale);
        yield* subject().age(HORIZON);
        yield* ledger.markRolledBack(between.id, { consumed: false, sub: null });
        const half = yield* read(between.id);
        assert.strictEqual(seconds(half.startedAt, half.graceUntil), 2 * HORIZON + 60);
        yield* ledger.markRolledBack(late.id, { consumed: false, sub: null });
        const closed = yield* read(late.id);
        assert.strictEqual(seconds(closed.closedAt, closed.graceUntil), 60);
        const unsure = yield* inState("rejected");
        assert.strictEqual(seconds(unsure.startedAt, unsure.graceUntil), 2 * HORIZON + 60);
        const certain = yield* started();
        yield* ledger.reject(certain.id, "create_refused", false, "pool_rule");
        const rejected = yield* read(certain.id);
        assert.deepStrictEqual([rejected.graceUntil, rejected.dueAt], [null, null]);
        assert.deepStrictEqual([rejected.verdict, rejected.reason], ["create_refused", "pool_rule"]);
      }),
    );

    check(
      "markRolledBack and endGracePeriod note an operator's words, and markRolledBack keeps the grace period",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id } = yield* inState("rolling_back");
        const operator = newSub();
        const close = ledger.markRolledBack(id, { consumed: false, sub: null, note: "closed: x" });
        assert.isTrue(yield* Effect.provideService(close, Actor, operator));
        const closed = yield* read(id);
        assert.isNotNull(closed.graceUntil);
        assert.deepInclude(closed.history.at(-1), { by: "operator", who: operator, note: "closed: x" });
        assert.isTrue(yield* ledger.endGracePeriod(id, null, "closed: y"));
        assert.strictEqual((yield* read(id)).history.at(-1)?.note, "closed: y");
        assert.deepStrictEqual(yield* subject().audit, []);
      }),
    );

    check(
      "abandon closes without a grace period",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id } = yield* started();
        assert.isTrue(yield* ledger.abandon(id));
        const registration = yield* read(id);
        assert.deepStrictEqual(
          [registration.state, registration.graceUntil, registration.dueAt],
          ["rolled_back", null, null],
        );
      }),
    );

    check(
      "acknowledge leaves the worker a minute for the invitation, and keeps its first time",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id } = yield* inState("registered");
        assert.isTrue(yield* ledger.acknowledge(id));
        const first = yield* read(id);
        assert.strictEqual(seconds(first.acknowledgedAt, first.dueAt), 60);
        assert.isTrue(yield* ledger.acknowledge(id));
        assert.strictEqual((yield* read(id)).acknowledgedAt, first.acknowledgedAt);
      }),
    );

    check(
      "missing twice a horizon apart is lost, with its audit row; less apart, or seen between, is not",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id, sub } = yield* inState("registered");
        const look = Effect.flatMap(read(id), ({ readAt }) => ledger.missing(id, readAt));
        assert.strictEqual(yield* look, "registered");
        const first = yield* read(id);
        assert.strictEqual(seconds(first.missingSince, first.dueAt), HORIZON + 60);
        yield* subject().age(HORIZON - 1);
        assert.strictEqual(yield* look, "registered");
        assert.isTrue(yield* ledger.seen(id));
        assert.isNull((yield* read(id)).missingSince);
        yield* subject().age(HORIZON + 1);
        assert.strictEqual(yield* look, "registered");
        yield* subject().age(HORIZON + 1);
        const earlier = (yield* read(id)).missingSince ?? "";
        assert.strictEqual(
          yield* ledger.missing(id, earlier),
          "registered",
          "an old look proves nothing new",
        );
        assert.strictEqual(yield* look, "user_lost");
        assert.strictEqual(yield* look, "user_lost");
        const losses = (yield* subject().audit).filter(({ action }) => action === AuditAction.lost);
        assert.deepStrictEqual(
          losses.map(({ userId }) => userId),
          [sub ?? ""],
        );
      }),
    );

    check(
      "takes the grants along where a user is lost, rolled back, or found at the final check",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const roles = [...subject().roles];
        const kept = yield* inState("registered", { kind: "register_with_roles", roles });
        assert.sameMembers([...(yield* subject().grants(kept.sub ?? newSub()))], roles);

        const lost = yield* inState("user_lost", { kind: "register_with_roles", roles });
        assert.deepStrictEqual(yield* subject().grants(lost.sub ?? newSub()), []);

        const [deleted, found] = [newSub(), newSub()];
        yield* grant(deleted);
        yield* grant(found);
        const { id } = yield* inState("rolling_back", { kind: "register_with_roles", roles });
        yield* ledger.markRolledBack(id, { consumed: true, sub: deleted });
        assert.deepStrictEqual(yield* subject().grants(deleted), []);
        const graced = yield* inState("rejected", { kind: "register_with_roles", roles });
        yield* ledger.endGracePeriod(graced.id, found);
        assert.deepStrictEqual(yield* subject().grants(found), []);
        yield* ledger.endGracePeriod(graced.id, kept.sub);
        assert.sameMembers(
          [...(yield* subject().grants(kept.sub ?? newSub()))],
          roles,
          "it was in no grace period any more",
        );
      }),
    );

    check(
      "complete forgets that the user was thought missing",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id, readAt } = yield* inState("registered");
        yield* ledger.missing(id, readAt);
        assert.isTrue(yield* ledger.complete(id));
        const registration = yield* read(id);
        assert.deepStrictEqual([registration.missingSince, registration.dueAt], [null, null]);
      }),
    );

    check(
      "endGracePeriod ends it once, and says whom it deleted",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        for (const state of ["rolled_back", "rejected"] as const) {
          const { id } = yield* inState(state);
          const sub = newSub();
          assert.isTrue(yield* ledger.endGracePeriod(id, sub));
          assert.isFalse(yield* ledger.endGracePeriod(id, sub));
          const registration = yield* read(id);
          assert.deepStrictEqual(
            [registration.state, registration.graceUntil, registration.dueAt],
            [state, null, null],
          );
          const entries = (yield* subject().audit).filter(({ userId }) => userId === sub);
          assert.deepStrictEqual(
            entries.map(({ action }) => action),
            [AuditAction.rolledBack],
          );
        }
        const { id } = yield* inState("rejected");
        const before = yield* subject().audit;
        yield* ledger.endGracePeriod(id, null);
        assert.deepStrictEqual(yield* subject().audit, before);
      }),
    );
  });
};
