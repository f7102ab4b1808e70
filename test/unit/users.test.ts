/** Lists of users: true counts over the whole pool, no gap between pages, roles of each, and an end where time is over. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import type { Unavailable } from "../../src/domain/errors.ts";
import { withBudget } from "../../src/ports/budget.ts";
import { cursorAt } from "../../src/programs/place.ts";
import { numberedPage, type Person, pageAfter } from "../../src/programs/users.ts";
import { BUDGET_MS, makeScene } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import { addUser, removeUser, researcherRole } from "../simulation/memory/world.ts";

const COUNT = 130;

/** A pool of many users, in no order, every tenth disabled and with a role. */
const crowd = (faults: ReadonlyArray<Fault> = []) => {
  const scene = makeScene(faults);
  for (let n = 0; n < COUNT; n++) {
    const place = (n * 37) % COUNT;
    const email = `User-${String(place).padStart(3, "0")}@hospital.example`;
    const { sub } = addUser(scene.world, email, { enabled: place % 10 !== 0 });
    if (place % 10 === 0) scene.world.grants.set(sub, new Set([researcherRole]));
  }
  return {
    ...scene,
    numbered: (number: number, size: number, search = "") =>
      scene.run(numberedPage({ number, size, search }).pipe(withBudget(BUDGET_MS))),
    after: (cursor: string | null, limit: number, search = "") =>
      scene.run(pageAfter({ cursor, limit, search })),
  };
};

const places = (people: ReadonlyArray<Person>) => people.map(({ email }) => Number(email.slice(5, 8)));

describe("numbered pages", () => {
  it.effect("are sorted by address, with the count of the whole pool", () =>
    Effect.gen(function* () {
      const { numbered, wire } = crowd();
      const { people, total } = yield* numbered(2, 20);
      assert.strictEqual(total, COUNT);
      assert.deepStrictEqual(
        places(people),
        Array.from({ length: 20 }, (_, n) => n + 20),
      );
      assert.strictEqual(wire.calls.filter((call) => call === "directory.page").length, 3);
    }),
  );

  it.effect("end with what is left, and then with nobody", () =>
    Effect.gen(function* () {
      const { numbered } = crowd();
      assert.strictEqual((yield* numbered(7, 20)).people.length, 10);
      assert.deepStrictEqual(yield* numbered(8, 20), { people: [], total: COUNT, next: null });
    }),
  );

  it.effect("show whom a search finds, in any case of letters, and count only them", () =>
    Effect.gen(function* () {
      const { numbered } = crowd();
      const { people, total } = yield* numbered(1, 5, "uSER-01");
      assert.strictEqual(total, 10);
      assert.deepStrictEqual(places(people), [10, 11, 12, 13, 14]);
    }),
  );

  it.effect("show who is disabled, and everybody's roles", () =>
    Effect.gen(function* () {
      const { numbered } = crowd();
      const { people } = yield* numbered(1, 11);
      assert.deepStrictEqual(
        people.filter(({ isDisabled }) => isDisabled).map(({ roles }) => roles.map(({ id }) => id)),
        [[researcherRole], [researcherRole]],
      );
      assert.strictEqual(people.filter(({ roles }) => roles.length > 0).length, 2);
    }),
  );

  /** A page of a pool of which only two of three parts can be read in time. */
  const slow = Effect.fnUntraced(function* (number: number, size: number, search = "") {
    const { numbered, after } = crowd([{ on: "directory.page", times: 2, takesMs: BUDGET_MS / 4 }]);
    const fiber = yield* Effect.forkChild(numbered(number, size, search));
    yield* TestClock.adjust(BUDGET_MS);
    return { ...(yield* Fiber.join(fiber)), after };
  });

  it.effect(
    "of a pool that cannot be read in time have no count, and a cursor that goes on behind them",
    () =>
      Effect.gen(function* () {
        const { people, total, next, after } = yield* slow(2, 25);
        assert.strictEqual(total, null);
        const seen = places(people);
        assert.strictEqual(seen.length, 25);
        seen.push(...places((yield* slow(1, 25)).people));
        let cursor: string | null = next;
        while (cursor !== null) {
          const page: Effect.Success<ReturnType<typeof after>> = yield* after(cursor, 25);
          assert.isAtMost(page.people.length, 25);
          seen.push(...places(page.people));
          cursor = page.next;
        }
        assert.deepStrictEqual(
          seen.sort((one, two) => one - two),
          Array.from({ length: COUNT }, (_, n) => n),
        );
      }),
  );

  it.effect("of such a pool end where the reading has ended, and a search goes on from there", () =>
    Effect.gen(function* () {
      const beyond = yield* slow(7, 20);
      assert.deepStrictEqual([beyond.people, beyond.total], [[], null]);
      const { people, next, after } = yield* slow(1, 20, "user-01");
      const seen = places(people);
      assert.isNotNull(next);
      const rest = yield* after(next, 20, "user-01");
      assert.isNull(rest.next);
      assert.deepStrictEqual(
        [...seen, ...places(rest.people)].sort((one, two) => one - two),
        [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
      );
    }),
  );

  it.effect("walk the pool with no more calls than the platform allows", () =>
    Effect.gen(function* () {
      const { world, run, wire } = makeScene([], { SWEEP_CALLS: "20" });
      for (let n = 0; n < 1000; n++) addUser(world, `user-${n}@hospital.example`);
      const { total, next } = yield* run(numberedPage({ number: 1, size: 20, search: "" }));
      assert.deepStrictEqual([total, typeof next], [null, "string"]);
      assert.isAtMost(wire.calls.length, 20);
    }),
  );
});

describe("pages after a cursor", () => {
  it.effect("have everybody once", () =>
    Effect.gen(function* () {
      const { after } = crowd();
      const seen: Array<number> = [];
      let cursor: string | null = null;
      do {
        const page: Effect.Success<ReturnType<typeof after>> = yield* after(cursor, 40);
        assert.isAtMost(page.people.length, 40);
        seen.push(...places(page.people));
        cursor = page.next;
      } while (cursor !== null);
      assert.deepStrictEqual(
        [...seen].sort((one, two) => one - two),
        Array.from({ length: COUNT }, (_, n) => n),
      );
    }),
  );

  it.effect("are thinned out by a search, and go on all the same", () =>
    Effect.gen(function* () {
      const { after } = crowd();
      const { people, next } = yield* after(null, 60, "user-000");
      assert.deepStrictEqual(places(people), [0]);
      assert.isNotNull(next);
    }),
  );

  it.effect("refuse a cursor that nobody gave", () =>
    Effect.gen(function* () {
      const { after } = crowd();
      const foreign = cursorAt({ limit: 60, token: "nonsense", after: null });
      for (const cursor of ["not a cursor", "", "e30", btoa("[61,null,null]"), foreign])
        assert.strictEqual((yield* Effect.flip(after(cursor, 20)))._tag, "UnknownCursor", cursor);
    }),
  );

  it.effect("go on although the last who was shown is gone: nobody is left out", () =>
    Effect.gen(function* () {
      const { after, world } = crowd();
      const first = yield* after(cursorAt({ limit: 60, token: null, after: null }), 20);
      const last = first.people.at(-1);
      if (last === undefined || first.next === null) return assert.fail("there is a second page");
      removeUser(world, last.id);
      const second = yield* after(first.next, 60);
      assert.strictEqual(second.people.length, 60);
    }),
  );
});

describe("a list", () => {
  const silent: ReadonlyArray<readonly [Fault["on"], Unavailable["dependency"]]> = [
    ["directory.page", "identity provider"],
    ["access.accountsOf", "database"],
  ];
  it.effect.each([...silent])("cannot be shown while %s gives no answer", ([on, dependency]) =>
    Effect.gen(function* () {
      for (const answer of ["unknown", "throttled"] as const) {
        const { numbered } = crowd([{ on, effect: "never", answer }]);
        assert.deepInclude(yield* Effect.flip(numbered(1, 20)), { _tag: "Unavailable", dependency });
      }
    }),
  );
});
