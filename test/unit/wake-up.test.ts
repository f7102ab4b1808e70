/** Who comes when something is due: what is asked for, the Durable Object's alarm, the timer of a process, and idle hours. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";
import { makeTimer } from "../../src/adapters/timer/wake-up.ts";
import { Alarm, type Sweep } from "../../src/adapters/workers/alarm.ts";
import { WakeUpWorkers } from "../../src/adapters/workers/wake-up.ts";
import { Settings } from "../../src/ports/settings.ts";
import { sweepAfter, sweepWhenDue, WakeUp, WakeUpFailed, type Window } from "../../src/ports/wake-up.ts";
import { settings } from "../simulation/memory/memory.ts";
import { makeScene } from "../simulation/memory/scene.ts";

const HOUR = 3_600_000;

/** Notes every window that is asked for. */
const noting = () => {
  const windows: Array<Window> = [];
  const layer = Layer.succeed(WakeUp, (window) => Effect.sync(() => void windows.push(window)));
  return { windows, layer };
};

describe("what is asked for", () => {
  it.effect("is a sweep soon after the time, and never before it", () =>
    Effect.gen(function* () {
      const { windows, layer } = noting();
      yield* TestClock.setTime(1_000_001);
      yield* Effect.provide(Effect.all([sweepWhenDue(500), sweepWhenDue(-5), sweepAfter(20_000)]), layer);
      assert.deepStrictEqual(windows, [
        { from: 1_000_001, until: 1_002_000 },
        { from: 1_000_001, until: 1_002_000 },
        // Beside a statement: a sweep before what it writes is due does not count.
        { from: 1_020_001, until: 1_022_000 },
      ]);
    }),
  );

  it.effect("is lost without a failure where nobody answers, or somebody fails", () =>
    Effect.gen(function* () {
      const lines: Array<unknown> = [];
      const log = Logger.layer([Logger.make(({ message }) => void lines.push(message))]);
      yield* sweepWhenDue(1);
      for (const answer of [Effect.fail(new WakeUpFailed({ cause: "x" })), Effect.die("x")])
        yield* sweepWhenDue(1).pipe(
          Effect.provideService(WakeUp, () => answer),
          Effect.provide(log),
        );
      assert.strictEqual(lines.length, 2);
    }),
  );
});

describe("on Workers", () => {
  /** The adapter before a Durable Object that answers as it is told. */
  const workers = (arm: (window: Window) => Promise<number>) => {
    const asked: Array<Window> = [];
    const object = {
      arm: (window: Window) => {
        asked.push(window);
        return arm(window);
      },
    };
    return { asked, layer: WakeUpWorkers({ SWEEPER_ALARM: { getByName: () => object } }) };
  };
  const wake = (window: Window) => Effect.flatMap(WakeUp, (wakeUp) => wakeUp(window));

  it.effect("what was promised once is not asked for again, until it has passed", () =>
    Effect.gen(function* () {
      const { asked, layer } = workers(({ until }) => Promise.resolve(until));
      yield* Effect.gen(function* () {
        yield* wake({ from: 20_000, until: 22_000 });
        yield* wake({ from: 21_000, until: 22_000 });
        yield* wake({ from: 0, until: 1_200_000 });
        assert.strictEqual(asked.length, 1);
        yield* wake({ from: 22_001, until: 24_000 });
        assert.strictEqual(asked.length, 2, "the first comes too early for it");
        yield* TestClock.setTime(30_000);
        yield* wake({ from: 30_000, until: 1_200_000 });
        assert.strictEqual(asked.length, 3);
      }).pipe(Effect.provide(layer));
    }),
  );

  it.effect(
    "an object that does not answer holds a request up for a second, and the next ones not at all",
    () =>
      Effect.gen(function* () {
        const { asked, layer } = workers(() => new Promise(() => {}));
        yield* Effect.gen(function* () {
          const first = yield* Effect.forkChild(Effect.flip(wake({ from: 0, until: 2_000 })));
          yield* TestClock.adjust(1_000);
          assert.strictEqual((yield* Fiber.join(first))._tag, "WakeUpFailed");
          yield* Effect.flip(wake({ from: 0, until: 2_000 }));
          assert.strictEqual(asked.length, 1);
          yield* TestClock.adjust(5_001);
          yield* Effect.forkChild(Effect.ignore(wake({ from: 6_001, until: 8_000 })));
          yield* Effect.yieldNow;
          assert.strictEqual(asked.length, 2, "asked again a little later");
        }).pipe(Effect.provide(layer));
      }),
  );

  it.effect("without the binding nobody is asked, and nothing fails", () =>
    Effect.provide(wake({ from: 0, until: 1 }), WakeUpWorkers({})),
  );
});

describe("the alarm of the Durable Object", () => {
  const makeAlarm = (sweep: Sweep) => {
    const values = new Map<string, unknown>();
    const storage = {
      kv: {
        get: (key: string) => values.get(key),
        put: (key: string, value: unknown) => void values.set(key, value),
      },
      at: null as number | null,
      setAlarm: async (time: number) => {
        storage.at = time;
      },
      deleteAlarm: async () => {
        storage.at = null;
      },
    };
    return { storage, alarm: new Alarm(storage, sweep), again: () => new Alarm(storage, sweep) };
  };
  const nothing: Sweep = async () => {};

  it("is set to the first of the times, whoever asks in which order, and to none twice", async () => {
    const { alarm, storage } = makeAlarm(nothing);
    await Promise.all([
      alarm.arm({ from: 0, until: 40 }),
      alarm.arm({ from: 0, until: 20 }),
      alarm.arm({ from: 25, until: 30 }),
    ]);
    assert.strictEqual(storage.at, 20);
    assert.strictEqual(await alarm.arm({ from: 15, until: 90 }), 40, "what was asked for first");
    const rings: Array<number> = [];
    while (storage.at !== null) {
      rings.push(storage.at);
      await alarm.ring(storage.at);
    }
    assert.deepStrictEqual(rings, [20, 30, 40]);
  });

  it("keeps what is asked for while it rings", async () => {
    const made = makeAlarm(async (arm) => {
      await Promise.all([arm({ from: 10, until: 500 }), made.alarm.arm({ from: 10, until: 12 })]);
    });
    await made.alarm.ring(10);
    assert.strictEqual(made.storage.at, 12);
  });

  it("is set before a sweep begins, so that one that dies is followed by another", async () => {
    const { alarm, storage, again } = makeAlarm(() => new Promise(() => {}));
    await alarm.arm({ from: 0, until: 10 });
    void alarm.ring(10);
    await Promise.resolve();
    assert.strictEqual(storage.at, 60_010);
    // Another object, after this one was killed.
    await again().arm({ from: 0, until: 100_000 });
    assert.strictEqual(storage.at, 60_010);
  });

  it("stays set where a sweep cannot be run", async () => {
    const { alarm, storage } = makeAlarm(() => Promise.reject(new Error("the deployment cannot work")));
    await alarm.ring(10);
    assert.strictEqual(storage.at, 60_010);
  });
});

describe("the timer of a process", () => {
  /** A process whose sweeps are on a ledger in memory. */
  const process = Effect.fnUntraced(function* (overrides: Readonly<Record<string, string>> = {}) {
    const scene = makeScene([], overrides);
    const timer = makeTimer();
    const on = <A, E, R>(program: Effect.Effect<A, E, R>) =>
      Effect.provideService(program, WakeUp, timer.wakeUp);
    yield* Effect.forkChild(
      Effect.provide(timer.run(on(scene.sweep())), Settings.layer(settings(overrides))),
    );
    yield* TestClock.adjust(1);
    return { ...scene, on };
  });

  it.effect("asks the ledger once at the start and once in each idle hour, and nothing else", () =>
    Effect.gen(function* () {
      const { wire } = yield* process();
      assert.deepStrictEqual(wire.calls, ["ledger.lease"]);
      yield* TestClock.adjust(24 * HOUR + 1);
      assert.deepStrictEqual(wire.calls, Array(25).fill("ledger.lease"));
    }),
  );
});
