/** The hash of signatures, against WebCrypto's. */
import { assert, describe, it } from "@effect/vitest";
import fc from "fast-check";
import { Sha256 } from "../../src/adapters/cognito/sha256.ts";

const encoder = new TextEncoder();

/** A text, or bytes in the midst of a longer buffer. */
const source = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.uint8Array().map((bytes) => Uint8Array.of(1, ...bytes, 2).subarray(1, bytes.length + 1)),
  fc.uint8Array().map((bytes) => new Uint8Array(bytes).buffer),
);

const bytesOf = (given: string | ArrayBuffer | Uint8Array): Uint8Array<ArrayBuffer> =>
  typeof given === "string" ? encoder.encode(given) : Uint8Array.from(new Uint8Array(given as ArrayBuffer));

describe("a hash", () => {
  it("is what WebCrypto computes, in however many pieces it is given", () =>
    fc.assert(
      fc.asyncProperty(fc.array(source), async (pieces) => {
        const hash = new Sha256();
        for (const piece of pieces) hash.update(piece);
        const whole = Uint8Array.from(pieces.flatMap((piece) => [...bytesOf(piece)]));
        const expected = await crypto.subtle.digest("SHA-256", whole);
        assert.deepStrictEqual([...(await hash.digest())], [...new Uint8Array(expected)]);
      }),
    ));

  it("with a secret is what WebCrypto computes as HMAC, also when it has begun anew", () =>
    fc.assert(
      fc.asyncProperty(source, source, async (secret, data) => {
        // WebCrypto takes no empty key.
        fc.pre(bytesOf(secret).length > 0);
        const hash = new Sha256(secret);
        hash.update("something else");
        hash.reset();
        hash.update(data);
        const algorithm = { name: "HMAC", hash: "SHA-256" };
        const key = await crypto.subtle.importKey("raw", bytesOf(secret), algorithm, false, ["sign"]);
        const expected = await crypto.subtle.sign("HMAC", key, bytesOf(data));
        assert.deepStrictEqual([...(await hash.digest())], [...new Uint8Array(expected)]);
      }),
    ));
});
