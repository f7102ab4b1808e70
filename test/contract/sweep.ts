/** What the sweeper's side of the ledger keeps: leases, back-off, forgetting of keys. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { Changes } from "../../src/ports/changes.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { askedAt, BUDGET, HORIZON, lease, makeLedger, newId, newSub, seconds } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

const DAY = 86_400;
const HOUR = 3600;

export const sweepContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, read, started, inState } = makeLedger(test, subject);
  const many = (count: number) => Effect.all(Array.from({ length: count }, () => started()));

  describe(`${name}: Ledger for the sweeper`, () => {
    check(
      "leases what is due, and nothing before its time",
      Effect.gen(function* () {
        const { id } = yield* started();
        assert.deepStrictEqual(yield* lease(10), []);
        yield* subject().age(BUDGET + 1);
        const [leased] = yield* lease(10);
        assert.strictEqual(leased?.id, id);
        assert.isTrue(leased?.stale);
        assert.isFalse(leased?.pastHorizon);
        assert.strictEqual(leased?.tries, 1);
      }),
    );

    check(
      "leases the most urgent first: rollbacks, final checks, changes, and then what waits to be finished",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const finishing = yield* inState("registered");
        const change = (kind: "invite" | "disable") =>
          changes.open({
            id: newId(),
            caller: subject().admin,
            subject: newSub(),
            kind,
            tag: null,
            askedAt,
            confirmed: [],
          });
        yield* change("invite");
        yield* change("disable");
        const graced = yield* inState("rolled_back");
        const orphan = yield* inState("rolling_back");
        const left = yield* started();
        yield* subject().age(2 * HORIZON + 120);
        const order: Array<string> = [];
        for (let turn = 0; turn < 3; turn++) {
          const leased = yield* lease(2);
          order.push(...leased.map(({ id, kind }) => (kind === "register" ? id : kind)));
        }
        assert.sameMembers(order.slice(0, 2), [orphan.id, left.id]);
        assert.deepStrictEqual(order.slice(2, 4), [graced.id, "disable"]);
        assert.sameMembers(order.slice(4), [finishing.id, "invite"]);
        assert.deepStrictEqual(yield* lease(10), []);
      }),
    );

    check(
      "sets a row aside for an operator, and looks at it again a day later",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id } = yield* inState("rolling_back");
        assert.isTrue(yield* ledger.setAside(id));
        const aside = yield* read(id);
        assert.deepStrictEqual([aside.needsOperator, aside.lastError], [true, "undecodable"]);
        assert.closeTo(seconds(aside.readAt, aside.dueAt), DAY, 1);
        const closed = yield* inState("completed");
        assert.isFalse(yield* ledger.setAside(closed.id));
      }),
    );

    check(
      "answers the questions about time at the edge",
      Effect.gen(function* () {
        const { id } = yield* inState("rolled_back");
        yield* subject().age(HORIZON - 10);
        assert.isFalse((yield* read(id)).pastHorizon);
        yield* subject().age(HORIZON + 20);
        const before = yield* read(id);
        assert.deepStrictEqual([before.stale, before.pastHorizon, before.graceOver], [true, true, false]);
        yield* subject().age(60);
        assert.isTrue((yield* read(id)).graceOver);
      }),
    );

    check(
      "leases each registration to one of twelve sweepers at a time",
      Effect.gen(function* () {
        yield* many(30);
        yield* subject().age(BUDGET + 1);
        const leases = yield* Effect.all(
          Array.from({ length: 12 }, () => lease(5)),
          { concurrency: "unbounded" },
        );
        const ids = leases.flat().map(({ id }) => id);
        assert.strictEqual(new Set(ids).size, ids.length);
        assert.isAtMost(Math.max(...leases.map(({ length }) => length)), 5);
        const rest = yield* lease(30);
        assert.strictEqual(ids.length + rest.length, 30);
        assert.deepStrictEqual(yield* lease(30), []);
      }),
    );

    check(
      "puts a registration off twice as long each time, to an hour; after ten tries to a day",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const registration = yield* inState("rolling_back");
        const minutes: Array<number> = [];
        for (let turn = 1; turn <= 12; turn++) {
          yield* subject().age(DAY);
          const [leased] = yield* lease(1);
          assert.strictEqual(leased?.tries, turn);
          minutes.push(seconds(leased?.readAt ?? null, leased?.dueAt ?? null) / 60);
          assert.isTrue(yield* ledger.defer(leased ?? registration, "find: OutcomeUnknown", false));
          assert.strictEqual((yield* read(registration.id)).needsOperator, turn >= 10);
        }
        assert.deepStrictEqual(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 1440, 1440]);
        assert.strictEqual((yield* read(registration.id)).lastError, "find: OutcomeUnknown");
      }),
    );

    check(
      "calls an operator at once where it is told to, and no more once the registration is resolved",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const registration = yield* inState("rolling_back");
        const { id } = registration;
        yield* ledger.defer(registration, "NeedsOperator", true);
        assert.isTrue((yield* read(id)).needsOperator);
        yield* ledger.defer(registration, "later", false);
        assert.isTrue((yield* read(id)).needsOperator);
        assert.strictEqual((yield* ledger.lease(1)).needOperator, 1);
        yield* ledger.markRolledBack(id, { consumed: true, sub: newSub() });
        const resolved = yield* read(id);
        assert.deepStrictEqual(
          [resolved.needsOperator, resolved.lastError, resolved.tries],
          [false, null, 0],
        );
        assert.isFalse(yield* ledger.defer(registration, "too late", true));
      }),
    );

    check(
      "tags a registration for an operator by the lease alone, where every sweeper dies before it can say why",
      Effect.gen(function* () {
        const { id } = yield* inState("rolling_back");
        for (let turn = 1; turn <= 12; turn++) {
          yield* subject().age(DAY);
          const [leased] = yield* lease(1);
          assert.strictEqual(leased?.needsOperator, turn > 10);
        }
        assert.strictEqual((yield* read(id)).tries, 12);
      }),
    );

    check(
      "goes on counting across the fence: a registration that was taken over is as old as before",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id } = yield* started();
        yield* subject().age(DAY);
        yield* lease(1);
        yield* ledger.fence(id);
        yield* subject().age(DAY);
        assert.strictEqual((yield* lease(1))[0]?.tries, 2);
      }),
    );

    check(
      "notes nothing of a registration that has been closed since it was read, but of a grace period whose final check failed",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const before = yield* inState("rolling_back");
        yield* ledger.markRolledBack(before.id, { consumed: false, sub: null });
        assert.isFalse(yield* ledger.defer(before, "find: OutcomeUnknown", true));
        const graced = yield* read(before.id);
        assert.deepStrictEqual([graced.lastError, graced.needsOperator], [null, false]);
        assert.isTrue(yield* ledger.defer(graced, "find: Throttled", false));
        assert.strictEqual((yield* read(before.id)).lastError, "find: Throttled");
      }),
    );

    check(
      "counts what is open, and forgets the keys of what closed long ago",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const done = yield* inState("completed", { idempotencyKey: "done" });
        const open = yield* inState("registered", { idempotencyKey: "open" });
        const graced = yield* inState("rejected", { idempotencyKey: "graced" });
        const seen = Effect.map(ledger.lease(0), ({ operations, ...counted }) => counted);
        const kept = { open: 2, needOperator: 0, toForget: false };
        const none = { keysExpired: 0, addressesForgotten: 0, operationsDeleted: 0, more: false };
        yield* subject().age(24 * HOUR - 10);
        assert.deepStrictEqual(yield* seen, kept);
        assert.deepStrictEqual(yield* ledger.expire(), none);
        yield* subject().age(20);
        assert.deepStrictEqual(yield* seen, { ...kept, toForget: true });
        assert.deepStrictEqual(yield* ledger.expire(), { ...none, keysExpired: 1 });
        assert.deepStrictEqual(yield* seen, kept);
        assert.deepStrictEqual(yield* ledger.expire(), none);
        yield* ledger.endGracePeriod(graced.id, null);
        assert.deepStrictEqual(yield* seen, { ...kept, open: 1, toForget: true });
        assert.deepStrictEqual(yield* ledger.expire(), { ...none, keysExpired: 1 });
        yield* started({ idempotencyKey: "done", email: done.email });
        assert.strictEqual((yield* read(open.id)).state, "registered");
      }),
    );
  });
};
