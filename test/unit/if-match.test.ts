/** The If-Match header: lists, `*`, and tags that a network has weakened; whatever else is refused. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { ifMatch } from "../../src/http/if-match.ts";

const good: ReadonlyArray<readonly [string | null, unknown]> = [
  [null, undefined],
  ["*", "*"],
  [" * ", "*"],
  ['"a"', ["a"]],
  ['W/"a"', ["a"]],
  ['""', [""]],
  ['"a", "b",W/"c"', ["a", "b", "c"]],
  [' ,"a" ,, "b", ', ["a", "b"]],
  ['"a,b"', ["a,b"]],
  ['"*"', ["*"]],
  ['"W/"', ["W/"]],
  ['"\u00e9"', ["\u00e9"]],
];

const bad = [
  "",
  " ",
  ",",
  "a",
  "'a'",
  '"a',
  'a"',
  '"a""b"',
  '"a" "b"',
  'w/"a"',
  'W/ "a"',
  "W/*",
  '*, "a"',
  '"a b"',
  '"\u0100"',
];

describe("If-Match", () => {
  it.effect.each([...good])("%j names %j", ([header, tags]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* ifMatch(header), tags as never);
    }),
  );

  it.effect.each([...bad])("refuses %j", (header) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(ifMatch(header)))._tag, "InvalidIfMatch");
    }),
  );

  it.effect("judges a long header at once", () =>
    Effect.gen(function* () {
      const began = Date.now();
      for (const header of [", ".repeat(8000), `"a"${" ,".repeat(8000)}x`, '"a",'.repeat(4000)])
        yield* Effect.exit(ifMatch(header));
      assert.isBelow(Date.now() - began, 1000);
    }),
  );
});
