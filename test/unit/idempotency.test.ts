/** How the Idempotency-Key header is read: a quoted string, or as a leniency a bare word. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { idempotencyKey } from "../../src/http/idempotency.ts";

describe("Idempotency-Key", () => {
  const taken: ReadonlyArray<readonly [string | undefined, string | null]> = [
    [undefined, null],
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ['  "with space"  ', "with space"],
    [String.raw`"a \"quoted\" back\\slash"`, String.raw`a "quoted" back\slash`],
    ['"a, b"', "a, b"],
    [`"${"k".repeat(255)}"`, "k".repeat(255)],
    ["K", "K"],
  ];
  it.effect.each([...taken])("%j is read as %j", ([header, key]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* idempotencyKey(header), key);
    }),
  );

  const refused: ReadonlyArray<string> = [
    "",
    "   ",
    '""',
    '"',
    '"open',
    'open"',
    '"a"b"',
    "two words",
    '"one", "two"',
    "one,two",
    '"tab\there"',
    '"ünïcode"',
    "ünïcode",
    String.raw`"bad \escape"`,
    '"a";q=1',
    `"${"k".repeat(256)}"`,
    "k".repeat(256),
    '"line\nbreak"',
    '"null\0"',
  ];
  it.effect.each([...refused])("%j is refused", (header) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(idempotencyKey(header)))._tag, "InvalidIdempotencyKey");
    }),
  );

  it.effect("keeps upper and lower case apart", () =>
    Effect.gen(function* () {
      assert.notStrictEqual(yield* idempotencyKey("Key"), yield* idempotencyKey("key"));
    }),
  );
});
