/** What the lock file has to hold. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { wrongInLock } from "../../../dev/check/lock.ts";

const lock = (one: object) =>
  JSON.stringify({ packages: { "": {}, "node_modules/one": { version: "1.0.0", ...one } } });

describe("the lock file", () => {
  it("is as it has to be", () => {
    assert.deepStrictEqual(wrongInLock(readFileSync("package-lock.json", "utf8")), []);
  });

  it("is refused with a download address, and without a hash", () => {
    assert.deepStrictEqual(wrongInLock(lock({ integrity: "sha512-x", resolved: "https://x" })), [
      "one@1.0.0 records a download address",
    ]);
    assert.deepStrictEqual(wrongInLock(lock({ os: ["win32"] })), ["one@1.0.0 has no integrity hash"]);
  });
});
