/** Lists of users: true counts over the whole pool, no gap between pages, roles of each, and an end where time is over. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import type { Unavailable } from "../../src/domain/errors.ts";
import { withBudget } from "../../src/ports/budget.ts";
import { numberedPage, type Person, pageAfter } from "../../src/programs/users.ts";
import { BUDGET_MS, makeScene } from "../simulation/memory/scene.ts";
import type { Fault } from "../simulation/memory/script.ts";
import { addUser, researcherRole } from "../simulation/memory/world.ts";

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
      assert.deepStrictEqual(yield* numbered(8, 20), { people: [], total: COUNT });
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

  it.effect("are given up when the budget is over, before the answer is a part for the whole", () =>
    Effect.gen(function* () {
      const { numbered } = crowd([{ on: "directory.page", times: 9, takesMs: BUDGET_MS / 2 }]);
      const fiber = yield* Effect.forkChild(Effect.flip(numbered(1, 20)));
      yield* TestClock.adjust(10 * BUDGET_MS);
      assert.deepInclude(yield* Fiber.join(fiber), { _tag: "Unavailable", dependency: "identity provider" });
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
      assert.strictEqual((yield* Effect.flip(after("not a cursor", 20)))._tag, "UnknownCursor");
    }),
  );
});

describe("a list", () => {
  const silent: ReadonlyArray<readonly [Fault["on"], Unavailable["dependency"]]> = [
    ["directory.page", "identity provider"],
    ["access.rolesOf", "database"],
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
