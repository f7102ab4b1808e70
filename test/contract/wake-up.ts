/** That the sweeper is asked for: by every statement that leaves something due, for the time at which it is. */
import { assert, describe } from "@effect/vitest";
import { Clock, Deferred, Effect, Fiber, Option } from "effect";
import type { OperationId } from "../../src/domain/operation.ts";
import { Changes } from "../../src/ports/changes.ts";
import type { DatabaseError } from "../../src/ports/database.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { WakeUp, type Window } from "../../src/ports/wake-up.ts";
import { askedAt, BUDGET, HORIZON, known, lease, makeLedger, newId, newSub, registration } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

/** How much later than something is due its sweep may begin, in milliseconds: the grain, and what a test takes. */
const LATE_MS = 4_000;

export const wakeUpContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, started, inState } = makeLedger(test, subject);
  const command = (id: OperationId) => registration(subject().admin, { id });
  const change = (id: OperationId, kind: "disable" | "enable", sub = newSub()) => ({
    id,
    caller: subject().admin,
    subject: sub,
    kind,
    tag: null,
    askedAt,
    confirmed: [],
  });

  type Move = Effect.Effect<OperationId, unknown, Ledger | Changes>;
  /** The moves that leave a row due; each after what leads to it, which is not watched. */
  const moves: Readonly<Record<string, Effect.Effect<Move, unknown, Ledger | Changes>>> = {
    "ledger.open": Effect.succeed(
      Effect.flatMap(Ledger, (ledger) => {
        const id = newId();
        return Effect.as(ledger.open(command(id)), id);
      }),
    ),
    "ledger.commit": Effect.map(started(), ({ id }) =>
      Effect.flatMap(Ledger, (ledger) => Effect.as(ledger.commit(id, newSub()), id)),
    ),
    "ledger.acknowledge": Effect.map(inState("registered"), ({ id }) =>
      Effect.flatMap(Ledger, (ledger) => Effect.as(ledger.acknowledge(id), id)),
    ),
    "ledger.missing": Effect.map(inState("registered"), ({ id, readAt }) =>
      Effect.flatMap(Ledger, (ledger) => Effect.as(ledger.missing(id, readAt), id)),
    ),
    "ledger.markRolledBack": Effect.map(inState("rolling_back"), ({ id }) =>
      Effect.flatMap(Ledger, (ledger) =>
        Effect.as(ledger.markRolledBack(id, { consumed: false, sub: null }), id),
      ),
    ),
    "ledger.reject": Effect.map(started(), ({ id }) =>
      Effect.flatMap(Ledger, (ledger) => Effect.as(ledger.reject(id, "user_exists", true, null), id)),
    ),
    "ledger.setAside": Effect.map(inState("rolling_back"), ({ id }) =>
      Effect.flatMap(Ledger, (ledger) => Effect.as(ledger.setAside(id), id)),
    ),
    "changes.open": Effect.succeed(
      Effect.flatMap(Changes, (changes) => {
        const id = newId();
        return Effect.as(changes.open(change(id, "disable")), id);
      }),
    ),
    "changes.finish": Effect.gen(function* () {
      const changes = yield* Changes;
      const [id, sub] = [newId(), newSub()];
      yield* changes.open(change(newId(), "disable", sub));
      yield* changes.open(change(id, "enable", sub));
      return Effect.as(changes.finish(id), id);
    }),
  };

  /** The windows that are asked for while something runs. */
  const noting = Effect.fnUntraced(function* <A, E, R>(work: Effect.Effect<A, E, R>) {
    const windows: Array<Window> = [];
    const noted = (window: Window) => Effect.sync(() => void windows.push(window));
    return { answer: yield* Effect.provideService(work, WakeUp, noted), windows };
  });

  describe(`${name}: what is left due`, () => {
    for (const [move, arranged] of Object.entries(moves))
      check(
        `is asked for: ${move}`,
        Effect.gen(function* () {
          const { answer: id, windows } = yield* noting(yield* arranged);
          const { dueAt, readAt } = known(
            Option.getOrThrow(yield* Effect.flatMap(Ledger, (ledger) => ledger.find(id))),
          );
          const due = (yield* Clock.currentTimeMillis) + Date.parse(dueAt ?? "") - Date.parse(readAt);
          const inTime = windows.filter(({ until }) => due - 1_000 <= until && until <= due + LATE_MS);
          assert.isNotEmpty(inTime, `due at ${due}, asked for ${JSON.stringify(windows)}`);
        }),
      );

    check(
      "is asked for by a lease: the next of all rows, whoever has it; and nobody where nothing is due",
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* noting(lease(10))).windows, []);
        const wait = Effect.map(noting(lease(1)), ({ windows: [window] }) =>
          window === undefined ? Number.NaN : window.until - window.from,
        );
        yield* started();
        assert.closeTo(yield* wait, BUDGET * 1000, LATE_MS);
        yield* subject().age(HORIZON);
        assert.closeTo(yield* wait, 60_000, LATE_MS, "its lease is over then");
        yield* started();
        assert.closeTo(yield* wait, BUDGET * 1000, LATE_MS);
      }),
    );

    check(
      "is asked for before its opening is answered, and the opening is answered where nobody can be asked",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const changes = yield* Changes;
        const openings: ReadonlyArray<
          (id: OperationId) => Effect.Effect<{ readonly _tag: string }, DatabaseError>
        > = [(id) => ledger.open(command(id)), (id) => changes.open(change(id, "disable"))];
        for (const open of openings) {
          const id = newId();
          const answered = yield* Deferred.make<void>();
          const waiting = Effect.provideService(open(id), WakeUp, () => Deferred.await(answered));
          const fiber = yield* Effect.forkChild(waiting, { startImmediately: true });
          while (Option.isNone(yield* ledger.find(id))) yield* Effect.yieldNow;
          // Long enough for an answer that does not wait.
          for (let turn = 0; turn < 3; turn++) yield* ledger.find(id);
          assert.isUndefined(fiber.pollUnsafe());
          yield* Deferred.succeed(answered, undefined);
          assert.strictEqual((yield* Fiber.join(fiber))._tag, "Opened");

          const refused = Effect.provideService(open(newId()), WakeUp, () => Effect.die("no answer"));
          assert.strictEqual((yield* refused)._tag, "Opened");
        }
      }),
    );
  });
};
