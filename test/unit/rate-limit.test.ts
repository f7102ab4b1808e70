/** The rate limits in a process's memory, and for whom a client's address counts. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { KEYS_MAX, RateLimitMemory } from "../../src/adapters/memory/rate-limit.ts";
import { CallerLimit, ClientLimit } from "../../src/ports/rate-limit.ts";
import { Settings } from "../../src/ports/settings.ts";
import { admitClient, networkOf } from "../../src/programs/admit-client.ts";
import { CALLER_REQUESTS, CLIENT_REQUESTS, rateLimitContract } from "../contract/rate-limit.ts";
import { settings } from "../simulation/memory/memory.ts";

const layer = RateLimitMemory.pipe(
  Layer.provide(
    Settings.layer(
      settings({
        CALLER_REQUESTS_PER_MINUTE: `${CALLER_REQUESTS}`,
        CLIENT_REQUESTS_PER_MINUTE: `${CLIENT_REQUESTS}`,
      }),
    ),
  ),
);

rateLimitContract("memory", it.effect, () => ({ layer }));

const isRefused = (key: string) =>
  Effect.gen(function* () {
    return (yield* Effect.exit((yield* CallerLimit)(key)))._tag === "Failure";
  });

describe("the rate limits in memory", () => {
  it.effect("let somebody ask again when a minute has passed since the first request, and not before", () =>
    Effect.gen(function* () {
      for (let n = 0; n < CALLER_REQUESTS; n++) assert.isFalse(yield* isRefused("a"));
      yield* TestClock.adjust(59_999);
      assert.isTrue(yield* isRefused("a"));
      yield* TestClock.adjust(1);
      for (let n = 0; n < CALLER_REQUESTS; n++) assert.isFalse(yield* isRefused("a"));
      assert.isTrue(yield* isRefused("a"));
    }).pipe(Effect.provide(layer)),
  );

  it.effect("name the seconds that are left", () =>
    Effect.gen(function* () {
      const admit = yield* CallerLimit;
      for (let n = 0; n < CALLER_REQUESTS; n++) yield* admit("a");
      yield* TestClock.adjust(18_500);
      assert.strictEqual((yield* Effect.flip(admit("a"))).retryAfterSeconds, 42);
    }).pipe(Effect.provide(layer)),
  );

  it.effect("keep no more keys than they may: the oldest is forgotten, the others are not", () =>
    Effect.gen(function* () {
      for (const key of ["oldest", "second"]) for (let n = 0; n < CALLER_REQUESTS; n++) yield* isRefused(key);
      for (let n = 0; n < KEYS_MAX - 2; n++) yield* isRefused(`${n}`);
      assert.isTrue(yield* isRefused("oldest"));
      yield* isRefused("one more");
      assert.isTrue(yield* isRefused("second"));
      assert.isFalse(yield* isRefused("oldest"));
    }).pipe(Effect.provide(layer)),
  );
});

describe("a client", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:DB8:0:1::7", "2001:db8:0:1"],
    ["2001:0db8:0000:0001:ffff:ffff:ffff:ffff", "2001:db8:0:1"],
    ["2001:db8::7", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4"],
    ["", ""],
    ["unknown", "unknown"],
  ])("at %s counts for %s", (address, network) => {
    assert.strictEqual(networkOf(address), network);
  });

  it.effect("is refused with all others of its IPv6 network, and without those of the next", () =>
    Effect.gen(function* () {
      for (let n = 0; n < CLIENT_REQUESTS; n++) yield* admitClient(`2001:db8::${n}`);
      const { _tag } = yield* Effect.flip(admitClient("2001:db8::ffff"));
      assert.strictEqual(_tag, "TooManyRequests");
      yield* admitClient("2001:db8:0:1::1");
    }).pipe(Effect.provide(layer)),
  );

  it.effect("whose address nobody knows counts as one with all such", () =>
    Effect.gen(function* () {
      for (let n = 0; n < CLIENT_REQUESTS; n++) yield* admitClient(undefined);
      assert.strictEqual((yield* Effect.exit(admitClient(undefined)))._tag, "Failure");
    }).pipe(Effect.provide(layer)),
  );
});

describe("without a limit", () => {
  it.effect("everybody may ask as often as they like", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 10_000; n++) yield* (yield* ClientLimit)("a");
    }),
  );
});
