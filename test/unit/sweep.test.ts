/** The sweeper: the most urgent first, its limits, one registration's trouble kept from the others, back-off, and its account of itself. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Option } from "effect";
import { TestClock } from "effect/testing";
import { Email } from "../../src/domain/user.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { WakeUp, type Window } from "../../src/ports/wake-up.ts";
import { finishInBackground } from "../../src/programs/register/finish.ts";
import { sweep } from "../../src/programs/sweep/sweep.ts";
import { violations } from "../simulation/invariants.ts";
import { BUDGET_MS, command, HORIZON_MS, makeScene, operationId } from "../simulation/memory/scene.ts";
import { addUser } from "../simulation/memory/world.ts";

const abandonedRegistrations = Effect.fnUntraced(function* (
  count: number,
  ...more: Parameters<typeof makeScene>
) {
  const scene = makeScene(...more);
  for (let n = 1; n <= count; n++) {
    const email = Email.make(`user-${n}@hospital.example`);
    const request = command({ id: operationId(n), email });
    yield* scene.run(Effect.flatMap(Ledger, (ledger) => ledger.open(request)));
  }
  yield* TestClock.adjust(BUDGET_MS + 1);
  return scene;
});

describe("a sweep", () => {
  it.effect("resolves all that is due, and counts it", () =>
    Effect.gen(function* () {
      const { sweep } = yield* abandonedRegistrations(20);
      const summary = yield* sweep();
      assert.strictEqual(summary.leased, 20);
      assert.strictEqual(summary.rolled_back, 20);
      assert.strictEqual(summary.open, 20, "they are still in their grace period");
    }),
  );

  it.effect("goes on until nothing is due, and says so", () =>
    Effect.gen(function* () {
      const { sweep } = yield* abandonedRegistrations(150);
      const summary = yield* sweep();
      assert.deepStrictEqual([summary.leased, summary.more], [150, false]);
      assert.isAtMost(summary.calls, 900);
    }),
  );

  it.effect("makes no more calls than it may, says that there is more, and asks to be woken", () =>
    Effect.gen(function* () {
      const { run, wire } = yield* abandonedRegistrations(20, [], { SWEEP_CALLS: "45" });
      const asked: Array<Window> = [];
      const swept = sweep().pipe(
        Effect.provideService(WakeUp, (window) => Effect.sync(() => void asked.push(window))),
      );
      let leased = 0;
      while (leased < 20) {
        wire.calls.length = 0;
        const summary = yield* run(swept);
        assert.isAtLeast(summary.leased, Math.min(6, 20 - leased), "it comes forward");
        assert.strictEqual(summary.calls, wire.calls.length);
        assert.isAtMost(wire.calls.length, 45);
        leased += summary.leased;
        assert.strictEqual(summary.more, leased < 20);
        const [last] = asked.slice(-1);
        const wait = (last?.until ?? 0) - (last?.from ?? 0);
        if (summary.more) assert.isAtMost(wait, 2_000, "at once");
        else assert.isAtLeast(wait, 60_000, "when the next of them is due");
      }
    }),
  );

  it.effect("makes no more calls than it may where each operation takes all the calls that it can", () =>
    Effect.gen(function* () {
      const faults = (["identity.find", "ledger.fence"] as const).map(
        (on) => ({ on, times: 1000, effect: "never", answer: "unknown" }) as const,
      );
      const { sweep, wire } = yield* abandonedRegistrations(60, faults, { SWEEP_CALLS: "45" });
      wire.calls.length = 0;
      assert.strictEqual((yield* sweep()).calls, wire.calls.length);
      assert.isAtMost(wire.calls.length, 45);
    }),
  );

  it.effect("stops taking up more when its time is over", () =>
    Effect.gen(function* () {
      const slow = [{ on: "identity.find", times: 1000, takesMs: 2000 } as const];
      const { sweep } = yield* abandonedRegistrations(20, slow, { SWEEP_SECONDS: "3" });
      const fiber = yield* Effect.forkChild(sweep());
      yield* TestClock.adjust(60_000);
      const { leased, more } = yield* Fiber.join(fiber);
      assert.deepStrictEqual([leased, more], [12, true]);
    }),
  );

  it.effect("takes an orphan up before six hundred invitations that were due long before", () =>
    Effect.gen(function* () {
      const { world, row, sweep } = yield* abandonedRegistrations(1);
      const orphan = { ...row(), dueAt: BUDGET_MS };
      for (let n = 2; n <= 601; n++) {
        const sub = addUser(world, `user-${n}@hospital.example`).sub;
        const id = operationId(n);
        const change = { id, kind: "invite", state: "pending", email: null, sub, dueAt: 1 } as const;
        world.rows.set(id, { ...orphan, ...change });
      }
      world.rows.delete(orphan.id);
      world.rows.set(orphan.id, orphan);
      const { leased, calls } = yield* sweep();
      assert.strictEqual(row(1).state, "rolled_back");
      assert.isAtMost(calls, 900);
      assert.isAbove(leased, 100);
      assert.isTrue(
        [...world.rows.values()].some(({ tries }) => tries === 0),
        "not everything was taken up",
      );
    }),
  );

  it.effect("sets a row aside that cannot be read, and resolves its neighbours", () =>
    Effect.gen(function* () {
      const { row, run, wire, sweep: swept } = yield* abandonedRegistrations(2);
      const neighbour = yield* run(Effect.flatMap(Ledger, (ledger) => ledger.find(operationId(2))));
      const unreadable = { undecodable: true, id: operationId(1), unreadable: ["history"] };
      const operations = [unreadable, Option.getOrThrow(neighbour)];
      const counted = { open: 2, needOperator: 0, toForget: false };
      wire.add({ on: "ledger.lease", instead: { operations, ...counted } });
      const { undecodable, deferred, rolled_back } = yield* swept();
      assert.deepStrictEqual([undecodable, deferred, rolled_back], [1, 0, 1]);
      assert.deepStrictEqual([row(1).needsOperator, row(1).lastError], [true, "undecodable"]);
      assert.deepStrictEqual([row(2).state, row(2).tries], ["rolled_back", 0]);
    }),
  );

  it.effect("keeps one registration's trouble from the others, and notes it in the row", () =>
    Effect.gen(function* () {
      const { sweep, world } = yield* abandonedRegistrations(5, [
        { on: "identity.find", effect: "never", answer: "throttled" },
        { on: "identity.find", answer: "crash" },
      ]);
      const summary = yield* sweep();
      assert.deepStrictEqual([summary.rolled_back, summary.deferred], [3, 2]);
      const errors = [...world.rows.values()].flatMap(({ lastError }) => lastError ?? []);
      assert.sameMembers(errors, ["find: Throttled", "Defect"]);
    }),
  );

  it.effect("backs off, tags a registration for an operator after ten tries, and then tries daily", () =>
    Effect.gen(function* () {
      const { sweep, row } = yield* abandonedRegistrations(1, [
        { on: "identity.find", times: 1000, effect: "never", answer: "unknown" },
      ]);
      const waits: Array<number> = [];
      let before = 0;
      for (let registration = 1; registration <= 13; registration++) {
        const due = row().dueAt ?? 0;
        waits.push(Math.round((due - before) / 60_000));
        before = due;
        yield* TestClock.setTime(Math.max(due, BUDGET_MS + 1));
        yield* sweep();
        assert.strictEqual(row().needsOperator, registration >= 10, `after try ${registration}`);
      }
      assert.deepStrictEqual(waits.slice(1), [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 1440, 1440]);
    }),
  );

  it.effect("fails where the ledger cannot be read at all", () =>
    Effect.gen(function* () {
      const { sweep } = makeScene([{ on: "ledger.lease", effect: "never", answer: "unknown" }]);
      assert.strictEqual((yield* Effect.flip(sweep()))._tag, "DatabaseError");
    }),
  );

  it.effect("gives an account with gaps where the ledger falls silent after the first lease", () =>
    Effect.gen(function* () {
      const { sweep } = yield* abandonedRegistrations(9, [
        { on: "ledger.lease", skip: 1, effect: "never", answer: "unknown" },
      ]);
      const summary = yield* sweep();
      assert.deepStrictEqual([summary.leased, summary.rolled_back], [6, 6]);
      assert.deepStrictEqual([summary.open, summary.needOperator, summary.keysExpired], [null, null, 0]);
      assert.strictEqual((yield* sweep()).leased, 3, "what it had not leased is there for the next");
    }),
  );

  it.effect("comes again at once where there is more to forget than one statement takes", () =>
    Effect.gen(function* () {
      const { sweep, run, world } = makeScene([], { OPERATION_ADDRESS_DAYS: "2" });
      for (let n = 1; n <= 201; n++)
        yield* run(
          Effect.gen(function* () {
            const ledger = yield* Ledger;
            yield* ledger.open(command({ id: operationId(n), email: Email.make(`user${n}@a.example`) }));
            yield* ledger.abandon(operationId(n));
          }),
        );
      yield* TestClock.adjust("3 days");
      const [first, second] = [yield* sweep(), yield* sweep()];
      assert.deepInclude(first, { more: true, addressesForgotten: 200 });
      assert.deepInclude(second, { more: false, addressesForgotten: 1 });
      assert.isTrue([...world.rows.values()].every(({ email }) => email === null));
    }),
  );

  it.effect("signs its moves in the history", () =>
    Effect.gen(function* () {
      const { sweep, row } = yield* abandonedRegistrations(1);
      yield* sweep();
      assert.deepStrictEqual(
        row().history.map(({ state, by }) => `${state} ${by}`),
        ["started request", "rolling_back sweeper", "rolled_back sweeper"],
      );
    }),
  );

  it.effect("resolves each registration once however many sweepers run at a time", () =>
    Effect.gen(function* () {
      const { sweep, wire } = yield* abandonedRegistrations(30);
      const summaries = yield* Effect.all([sweep(), sweep(), sweep()], { concurrency: 3 });
      assert.strictEqual(
        summaries.reduce((sum, { rolled_back }) => sum + rolled_back, 0),
        30,
      );
      assert.strictEqual(wire.calls.filter((call) => call === "ledger.fence").length, 30);
    }),
  );

  it.effect("finds a crowd of lost registrations in the end at one of their ends", () =>
    Effect.gen(function* () {
      const { world, rest } = yield* abandonedRegistrations(100);
      yield* rest();
      assert.deepStrictEqual(violations(world), []);
    }),
  );
});

describe("after a 200", () => {
  it.effect("the invitation leaves once, and the registration is completed", () =>
    Effect.gen(function* () {
      const { world, register, run, row, sweep } = makeScene();
      yield* run(finishInBackground(yield* register()));
      assert.strictEqual(row().state, "completed");
      yield* TestClock.adjust(HORIZON_MS * 2);
      assert.strictEqual((yield* sweep()).leased, 0);
      assert.strictEqual(world.mails.length, 1);
    }),
  );

  it.effect.each(["ledger.acknowledge", "identity.invite", "ledger.complete"] as const)(
    "the sweeper finishes when %s is lost",
    (on) =>
      Effect.gen(function* () {
        const { world, register, run, rest, row } = makeScene([{ on, effect: "never", answer: "unknown" }]);
        yield* Effect.ignore(run(finishInBackground(yield* register())));
        yield* rest();
        assert.strictEqual(row().state, "completed");
        assert.isAtMost(world.mails.length, 2);
        assert.deepStrictEqual(violations(world), []);
      }),
  );

  it.effect("no mail leaves where none is wanted", () =>
    Effect.gen(function* () {
      const { world, register, run, row } = makeScene([], { INVITATION: "none" });
      yield* run(finishInBackground(yield* register()));
      assert.strictEqual(row().state, "completed");
      assert.deepStrictEqual(world.mails, []);
    }),
  );
});
