/** What the ledger forgets in time, and what it keeps because something still asks for it. */
import { assert, describe } from "@effect/vitest";
import { Effect, Option } from "effect";
import {
  type ChangeKind,
  CLOSED_BY_OPERATOR,
  NOTE_ENDINGS,
  type OperationId,
} from "../../src/domain/operation.ts";
import type { UserId } from "../../src/domain/user.ts";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Actor, Ledger } from "../../src/ports/ledger.ts";
import { askedAt, etagFor, HORIZON, known, makeLedger, newId, newSub, someone } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

const DAY = 86_400;

/** The settings under which the contract runs, in days. */
export const RETENTION = { OPERATION_ADDRESS_DAYS: "30", OPERATION_DAYS: "100" };
const ADDRESSES = Number(RETENTION.OPERATION_ADDRESS_DAYS) * DAY;
const OPERATIONS = Number(RETENTION.OPERATION_DAYS) * DAY;

export const retentionContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, request, read, started, inState } = makeLedger(test, subject);

  const expire = Effect.flatMap(Ledger, (ledger) => ledger.expire());
  /** Lets all that is old enough be forgotten and judged: keys, addresses, and then the rows. */
  const swept = Effect.all([expire, expire, expire]);

  const find = Effect.fnUntraced(function* (id: OperationId) {
    const ledger = yield* Ledger;
    return Option.map(yield* ledger.find(id), known);
  });
  const isThere = (id: OperationId) => Effect.map(find(id), Option.isSome);
  const got = (id: OperationId) => Effect.map(find(id), Option.getOrThrow);
  const areThere = (ids: ReadonlyArray<OperationId>) => Effect.all(ids.map(isThere));

  const ask = Effect.fnUntraced(function* (kind: ChangeKind, user: UserId) {
    const changes = yield* Changes;
    const change = {
      id: newId(),
      kind,
      caller: subject().admin,
      subject: user,
      tag: null,
      askedAt,
      confirmed: [],
    };
    const opening = yield* changes.open(change);
    return opening._tag === "Opened" ? opening.change.id : yield* Effect.die(new Error(opening._tag));
  });
  /** A change that is done, without a grace period, and past the horizon. */
  const done = Effect.fnUntraced(function* (kind: ChangeKind, user: UserId) {
    const changes = yield* Changes;
    const id = yield* ask(kind, user);
    yield* changes.finish(id);
    yield* subject().age(2 * HORIZON);
    return id;
  });
  const refused = Effect.fnUntraced(function* (kind: ChangeKind, user: UserId) {
    const changes = yield* Changes;
    const id = yield* ask(kind, user);
    yield* changes.refuse({ id, kind }, { reason: "other", how: "notDone" });
    yield* subject().age(2 * HORIZON);
    return id;
  });

  describe(`${name}: Ledger's retention of addresses`, () => {
    check(
      "forgets address, name and organisation of what is long closed, and keeps ids, times and history",
      Effect.gen(function* () {
        const { id, sub } = yield* inState("completed", {
          name: "Ada Lovelace",
          organisation: "Analytical Engines",
        });
        const before = yield* got(id);
        yield* subject().age(ADDRESSES - 10);
        assert.deepInclude(yield* expire, { addressesForgotten: 0, operationsDeleted: 0, more: false });
        assert.isNotNull((yield* got(id)).email);
        yield* subject().age(20);
        assert.deepInclude(yield* expire, { addressesForgotten: 1, operationsDeleted: 0, more: false });
        const after = yield* got(id);
        assert.deepInclude(after, {
          id,
          sub,
          email: null,
          name: null,
          organisation: null,
          kind: "register",
          state: "completed",
        });
        assert.deepStrictEqual(after.history, before.history);
        assert.deepInclude(yield* expire, { addressesForgotten: 0 });
      }),
    );

    check(
      "forgets an operator's own words, of changes as well, and keeps that it was they",
      Effect.gen(function* () {
        const [ledger, changes] = [yield* Ledger, yield* Changes];
        const words = `${CLOSED_BY_OPERATOR}: Ada (the one in ward 3) has left`;
        const graced = yield* inState("rolled_back");
        const note = `${words}${NOTE_ENDINGS[1]}`;
        yield* Effect.provideService(ledger.endGracePeriod(graced.id, null, note), Actor, subject().admin);
        const change = yield* ask("reset_mfa", newSub());
        const end = { reason: "closed_by_operator", how: "unknown", note: words } as const;
        yield* Effect.provideService(
          changes.refuse({ id: change, kind: "reset_mfa" }, end),
          Actor,
          subject().admin,
        );
        yield* subject().age(ADDRESSES + 10);
        assert.deepInclude(yield* expire, { addressesForgotten: 2 });
        assert.deepInclude((yield* got(graced.id)).history.at(-1), {
          note: `${CLOSED_BY_OPERATOR}${NOTE_ENDINGS[1]}`,
          by: "operator",
          who: subject().admin,
        });
        assert.deepInclude((yield* got(change)).history.at(-1), { note: CLOSED_BY_OPERATOR });
      }),
    );

    check(
      "keeps the address of what is open, of what has a grace period, and of a key that is kept",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const open = yield* inState("registered");
        const graced = yield* inState("rejected");
        yield* subject().age(2 * ADDRESSES);
        const keyed = yield* inState("completed", { idempotencyKey: "kept" });
        yield* subject().age(3600);
        yield* swept;
        for (const { id } of [open, graced, keyed]) assert.isNotNull((yield* got(id)).email);
        const again = yield* ledger.open(request({ idempotencyKey: "kept", email: keyed.email }));
        assert.deepInclude(again, { _tag: "KeyHeld", sameRequest: true });
        yield* ledger.endGracePeriod(graced.id, null);
        assert.deepInclude(yield* expire, { addressesForgotten: 1 });
      }),
    );

    check(
      "forgets a key before the address that the key's replay compares",
      Effect.gen(function* () {
        yield* inState("completed", { idempotencyKey: "old" });
        yield* subject().age(2 * ADDRESSES);
        assert.deepInclude(yield* expire, { keysExpired: 1, addressesForgotten: 0 });
        assert.deepInclude(yield* expire, { keysExpired: 0, addressesForgotten: 1 });
      }),
    );

    check(
      "lets a forgotten address be registered again, and its own move take nothing up",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const email = someone();
        const { id } = yield* inState("completed", { email });
        yield* subject().age(2 * ADDRESSES);
        yield* swept;
        yield* started({ email });
        assert.isFalse(yield* ledger.commit(id, newSub()));
        assert.isFalse(yield* ledger.complete(id));
        assert.isFalse(yield* ledger.abandon(id));
        assert.deepInclude(yield* got(id), { state: "completed", email: null });
      }),
    );
  });

  describe(`${name}: Ledger's retention, and an opening that lands again long after`, () => {
    check(
      "answers with its own row, which has ended and forgotten; and opens it again where it is deleted",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const command = request();
        yield* ledger.open(command);
        yield* ledger.abandon(command.id);
        yield* subject().age(OPERATIONS + 10);
        yield* expire;
        const again = yield* ledger.open(command);
        assert.deepStrictEqual(
          again._tag === "Opened" && [again.registration.state, again.registration.email],
          ["rolled_back", null],
        );
        assert.deepInclude(yield* expire, { operationsDeleted: 1 });
        const anew = yield* ledger.open(command);
        assert.strictEqual(anew._tag === "Opened" && anew.registration.state, "started");
      }),
    );
  });

  describe(`${name}: Ledger's retention of operations`, () => {
    check(
      "deletes the registrations that have left nobody, and keeps one whose create may have left somebody",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const abandoned = yield* started();
        yield* ledger.abandon(abandoned.id);
        const refusedOne = yield* started();
        yield* ledger.reject(refusedOne.id, "create_refused", false, "pool_rule");
        const deleted = yield* inState("rolling_back");
        yield* ledger.markRolledBack(deleted.id, { consumed: true, sub: newSub() });
        const found = yield* inState("rejected");
        yield* ledger.endGracePeriod(found.id, newSub());
        const unsure = [yield* inState("rejected"), yield* inState("rolled_back")];
        for (const { id } of unsure) yield* ledger.endGracePeriod(id, null);
        const gone = [abandoned.id, refusedOne.id, deleted.id, found.id];
        yield* subject().age(OPERATIONS - 10);
        yield* swept;
        assert.deepStrictEqual(yield* areThere(gone), [true, true, true, true]);
        yield* subject().age(20);
        assert.deepInclude(yield* expire, { operationsDeleted: 4, more: false });
        assert.deepStrictEqual(yield* areThere(gone), [false, false, false, false]);
        assert.deepStrictEqual(yield* areThere(unsure.map(({ id }) => id)), [true, true]);
        assert.deepInclude(yield* expire, { operationsDeleted: 0 });
      }),
    );

    check(
      "keeps who was registered, and who was lost, however old: nobody of theirs passes for nobody's",
      Effect.gen(function* () {
        const [ledger, access] = [yield* Ledger, yield* Access];
        const kept = yield* inState("completed");
        const lost = yield* inState("user_lost");
        yield* subject().age(10 * OPERATIONS);
        yield* swept;
        const other = yield* started();
        assert.strictEqual(yield* ledger.holderOf(other, kept.sub as UserId), "registered");
        assert.isTrue(yield* access.isRemoved(lost.sub as UserId));
        assert.deepStrictEqual(yield* areThere([kept.id, lost.id]), [true, true]);
      }),
    );

    check(
      "keeps the newest word on whether somebody may sign in, and deletes the older ones",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const [out, back] = [newSub(), newSub()];
        const first = yield* done("disable", out);
        const between = yield* done("enable", out);
        const last = yield* done("disable", out);
        const [off, on] = [yield* done("disable", back), yield* done("enable", back)];
        yield* done("reset_mfa", out);
        for (const id of [first, between, last, off, on])
          yield* changes.endGracePeriod(id, { note: "checked", needsOperator: false });
        yield* subject().age(10 * OPERATIONS);
        yield* swept;
        assert.deepStrictEqual(yield* areThere([first, between, last]), [false, false, true]);
        assert.deepStrictEqual(yield* areThere([off, on]), [false, true]);
        assert.isFalse(yield* changes.mayComeIn(out));
        assert.isTrue(yield* changes.mayComeIn(back));
      }),
    );

    check(
      "does not take a newer word for one that stands: one that was refused counts for nothing",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const disabling = yield* done("disable", user);
        const enabling = yield* refused("enable", user);
        yield* done("reset_mfa", user);
        yield* subject().age(10 * OPERATIONS);
        yield* swept;
        assert.deepStrictEqual(yield* areThere([disabling, enabling]), [true, false]);
        assert.isFalse(yield* changes.mayComeIn(user));
      }),
    );

    check(
      "keeps a removal, and nothing else of who is removed",
      Effect.gen(function* () {
        const [changes, access] = [yield* Changes, yield* Access];
        const { id, sub } = yield* inState("completed");
        const user = sub as UserId;
        yield* subject().age(1);
        const older = [id, yield* done("disable", user), yield* done("invite", newSub())];
        const removal = yield* done("remove", user);
        const again = yield* done("remove", user);
        const tried = yield* refused("remove", newSub());
        yield* subject().age(10 * OPERATIONS);
        yield* swept;
        assert.deepStrictEqual(yield* areThere(older), [false, false, true]);
        assert.deepStrictEqual(yield* areThere([removal, again]), [false, true]);
        assert.isTrue(yield* isThere(tried), "the newest of its user");
        assert.isTrue(yield* access.isRemoved(user));
        assert.isFalse(yield* changes.mayComeIn(user));
      }),
    );

    check(
      "never deletes a user's newest row, nor their registration: their ETag stays what it was",
      Effect.gen(function* () {
        const { id, sub } = yield* inState("completed");
        const user = sub as UserId;
        yield* subject().age(1);
        const older = yield* done("invite", user);
        const newest = yield* refused("invite", user);
        const before = yield* etagFor(subject().admin, user);
        yield* subject().age(10 * OPERATIONS);
        yield* swept;
        assert.deepStrictEqual(yield* areThere([id, older, newest]), [true, false, true]);
        assert.strictEqual(yield* etagFor(subject().admin, user), before);
      }),
    );

    check(
      "deletes nothing of a user while something of theirs is open, and all of it later",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const first = yield* done("invite", user);
        const second = yield* done("reset_mfa", user);
        yield* subject().age(2 * OPERATIONS);
        const open = yield* ask("disable", user);
        yield* swept;
        assert.deepStrictEqual(yield* areThere([first, second, open]), [true, true, true]);
        yield* changes.finish(open);
        yield* subject().age(OPERATIONS + 10);
        yield* swept;
        assert.deepStrictEqual(yield* areThere([first, second, open]), [false, false, true]);
      }),
    );

    check(
      "judges what it kept once more when a newer row of the user is as old",
      Effect.gen(function* () {
        const user = newSub();
        const first = yield* done("disable", user);
        yield* subject().age(2 * OPERATIONS);
        yield* swept;
        const second = yield* done("disable", user);
        yield* swept;
        assert.isTrue(yield* isThere(first));
        yield* subject().age(OPERATIONS + 10);
        yield* swept;
        assert.deepStrictEqual(yield* areThere([first, second]), [false, true]);
      }),
    );

    check(
      "keeps what an operator has not heard yet",
      Effect.gen(function* () {
        const [ledger, changes] = [yield* Ledger, yield* Changes];
        const user = newSub();
        const waiting = yield* inState("registered");
        yield* ledger.complete(waiting.id, { note: "not invited", needsOperator: true });
        const first = yield* done("invite", user);
        const disabled = yield* ask("disable", user);
        yield* changes.finish(disabled);
        yield* subject().age(1);
        const contradicted = yield* ask("enable", user);
        yield* changes.finish(contradicted);
        yield* subject().age(10 * OPERATIONS);
        yield* changes.endGracePeriod(contradicted, { note: "left disabled", needsOperator: true });
        yield* done("invite", user);
        yield* subject().age(10 * OPERATIONS);
        yield* swept;
        assert.deepStrictEqual(yield* areThere([first, disabled, contradicted, waiting.id]), [
          false,
          false,
          true,
          true,
        ]);
        assert.isTrue((yield* got(contradicted)).needsOperator);
      }),
    );

    check(
      "takes a few hundred rows at once, and says that there are more",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        for (let n = 0; n < 203; n++) yield* ledger.abandon((yield* started()).id);
        yield* subject().age(OPERATIONS + 10);
        assert.deepInclude(yield* expire, { addressesForgotten: 200, operationsDeleted: 0, more: true });
        assert.deepInclude(yield* expire, { addressesForgotten: 3, operationsDeleted: 200, more: true });
        assert.deepInclude(yield* expire, { addressesForgotten: 0, operationsDeleted: 3, more: false });
      }),
    );

    check(
      "takes each row once where several sweepers forget at once",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const ids: Array<OperationId> = [];
        for (let n = 0; n < 40; n++) {
          const { id } = yield* started();
          yield* ledger.abandon(id);
          ids.push(id);
        }
        yield* subject().age(OPERATIONS + 10);
        const many = Effect.all(
          Array.from({ length: 6 }, () => expire),
          { concurrency: "unbounded" },
        );
        const sum = (counts: ReadonlyArray<{ addressesForgotten: number; operationsDeleted: number }>) => [
          counts.reduce((total, { addressesForgotten }) => total + addressesForgotten, 0),
          counts.reduce((total, { operationsDeleted }) => total + operationsDeleted, 0),
        ];
        const counts = [...(yield* many), ...(yield* many), ...(yield* many)];
        assert.deepStrictEqual(sum(counts), [40, 40]);
        assert.deepStrictEqual(new Set(yield* areThere(ids)), new Set([false]));
      }),
    );
  });

  describe(`${name}: Ledger of a deployment that keeps everything`, () => {
    test("forgets keys, and nothing else, however old", () =>
      Effect.gen(function* () {
        yield* subject().reset;
        const ledger = yield* Ledger;
        const { id, email } = yield* inState("completed", { idempotencyKey: "old" });
        const abandoned = yield* started();
        yield* ledger.abandon(abandoned.id);
        yield* subject().age(100 * OPERATIONS);
        assert.deepInclude(yield* expire, { keysExpired: 1, addressesForgotten: 0, operationsDeleted: 0 });
        assert.deepInclude(yield* expire, { addressesForgotten: 0, operationsDeleted: 0, more: false });
        assert.strictEqual((yield* read(id)).email, email);
        assert.isTrue(yield* isThere(abandoned.id));
      }).pipe(Effect.provide(subject().keeping)));
  });
};
