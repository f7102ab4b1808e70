/** What the lock file has to hold. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { judgeLock } from "../../dev/check/lock.ts";

const lock = (one: object) =>
  JSON.stringify({ packages: { "": {}, "node_modules/one": { version: "1.0.0", ...one } } });

describe("the lock file", () => {
  it("is as it has to be", () => {
    assert.deepStrictEqual(judgeLock(readFileSync("package-lock.json", "utf8")).wrong, []);
  });

  it("is refused with a download address, and without a hash", () => {
    assert.deepStrictEqual(judgeLock(lock({ integrity: "sha512-x", resolved: "https://x" })).wrong, [
      "one@1.0.0 records a download address",
    ]);
    assert.deepStrictEqual(judgeLock(lock({})).wrong, ["one@1.0.0 has no integrity hash"]);
  });

  it("may lack the hash of a package for one platform, which is then named", () => {
    assert.deepStrictEqual(judgeLock(lock({ os: ["win32"] })), { wrong: [], unhashed: ["one@1.0.0"] });
  });
});
