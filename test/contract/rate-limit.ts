/** What every rate limit does, whoever counts. */
import { assert, describe } from "@effect/vitest";
import { Effect, type Layer } from "effect";
import { CallerLimit, ClientLimit } from "../../src/ports/rate-limit.ts";
import type { Tester } from "./subjects.ts";

/** A limit that lets a caller ask three times in a minute, and a client five times. */
export interface LimitSubject {
  readonly layer: Layer.Layer<never>;
}

export const CALLER_REQUESTS = 3;
export const CLIENT_REQUESTS = 5;

const LIMITS = [
  ["caller", CallerLimit, CALLER_REQUESTS],
  ["client", ClientLimit, CLIENT_REQUESTS],
] as const;

/** How many of so many requests are let in. */
const admitted = Effect.fnUntraced(function* (port: typeof CallerLimit, key: string, times: number) {
  const admit = yield* port;
  const tried = yield* Effect.all(Array.from({ length: times }, () => Effect.exit(admit(key))));
  return tried.filter(({ _tag }) => _tag === "Success").length;
});

export const rateLimitContract = (name: string, test: Tester, subject: () => LimitSubject) => {
  const key = () => crypto.randomUUID();
  const run = <A>(effect: Effect.Effect<A>) => Effect.suspend(() => Effect.provide(effect, subject().layer));

  describe(`${name}: the rate limits`, () => {
    for (const [who, port, limit] of LIMITS) {
      test(`let a ${who} ask so often, and not once more`, () =>
        Effect.map(run(admitted(port, key(), limit + 2)), (count) => assert.strictEqual(count, limit)));

      test(`say to a ${who} when to ask again: within the minute`, () =>
        run(
          Effect.gen(function* () {
            const mine = key();
            yield* admitted(port, mine, limit);
            const { retryAfterSeconds } = yield* Effect.flip((yield* port)(mine));
            assert.isAtLeast(retryAfterSeconds, 1);
            assert.isAtMost(retryAfterSeconds, 60);
          }).pipe(Effect.orDie),
        ));

      test(`count each ${who} by themselves`, () =>
        run(
          Effect.gen(function* () {
            yield* admitted(port, key(), limit + 2);
            assert.strictEqual(yield* admitted(port, key(), limit), limit);
          }),
        ));
    }

    test("count a caller and a client of the same name apart", () =>
      run(
        Effect.gen(function* () {
          const shared = key();
          yield* admitted(CallerLimit, shared, CALLER_REQUESTS + 2);
          assert.strictEqual(yield* admitted(ClientLimit, shared, CLIENT_REQUESTS), CLIENT_REQUESTS);
        }),
      ));
  });
};
