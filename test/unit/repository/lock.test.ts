/** What the lock file has to hold. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { lockFiles, wrongInLock } from "../../../dev/check/lock.ts";

const lock = (one: object) =>
  JSON.stringify({ packages: { "": {}, "node_modules/one": { version: "1.0.0", ...one } } });

describe("a lock file", () => {
  it("is as it has to be, also that of the runtimes", () => {
    assert.includeMembers([...lockFiles(".")], ["package-lock.json", "test/runtimes/package-lock.json"]);
    for (const file of lockFiles(".")) assert.deepStrictEqual(wrongInLock(readFileSync(file, "utf8")), []);
  });

  it("is refused with a download address, and without a hash", () => {
    assert.deepStrictEqual(wrongInLock(lock({ integrity: "sha512-x", resolved: "https://x" })), [
      "one@1.0.0 records a download address",
    ]);
    assert.deepStrictEqual(wrongInLock(lock({ os: ["win32"] })), ["one@1.0.0 has no integrity hash"]);
  });
});
