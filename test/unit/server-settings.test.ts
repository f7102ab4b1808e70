/** A server reads the variables that are its own, and hears of every bad one at once. */
import { assert, describe, it } from "@effect/vitest";
import { Duration } from "effect";
import { readServer } from "../../src/server/settings.ts";
import { BadConfiguration } from "../../src/settings.ts";
import { bindings } from "../simulation/memory/memory.ts";

const problems = (environment: NodeJS.ProcessEnv): ReadonlyArray<string> => {
  try {
    readServer(environment);
    return [];
  } catch (error) {
    return error instanceof BadConfiguration ? error.problems : [String(error)];
  }
};

describe("the configuration of a server", () => {
  it("has defaults: this machine only, no proxy, and less time to end than orchestrators give", () => {
    const { server } = readServer(bindings);
    assert.deepStrictEqual(
      [server.HOST, server.PORT, server.TRUST_PROXY, Duration.toSeconds(server.SHUTDOWN_SECONDS)],
      ["127.0.0.1", 8787, 0, 25],
    );
  });

  it("takes from the process what the schemas name, and nothing else", () => {
    const others = { PATH: "/bin", AWS_PROFILE: "somebody", DATABASE_PASSWORD: "x", CORS_ORIGIN: "*" };
    const read = readServer({ ...others, ...bindings, PORT: "9000", AWS_SESSION_TOKEN: undefined });
    assert.deepStrictEqual(read.bindings, { ...bindings, PORT: "9000" });
  });

  it.each([
    ["HOST", "http://host"],
    ["HOST", ""],
    ["PORT", "65536"],
    ["PORT", "http"],
    ["TRUST_PROXY", "true"],
    ["TRUST_PROXY", "-1"],
    ["SHUTDOWN_SECONDS", "0"],
    ["SHUTDOWN_SECONDS", "25 "],
  ])("refuses %s=%j, together with what else is wrong", (key, value) => {
    const found = problems({ ...bindings, AWS_REGION: "London", [key]: value });
    assert.isTrue(found.some((sentence) => sentence.startsWith(`${key} must`)));
    assert.isTrue(found.some((sentence) => sentence.startsWith("AWS_REGION must")));
    assert.notInclude(found.join(), "London");
  });
});
