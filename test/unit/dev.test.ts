/** How `npm run dev` reads its command line, and which variables the Worker gets. */
import { assert, describe, it } from "@effect/vitest";
import { readOptions } from "../../dev/options.ts";
import { withoutVariables, workerVariables } from "../../dev/variables.ts";
import { readSettings } from "../../src/settings.ts";
import { bindings } from "../simulation/memory/memory.ts";

describe("the command line", () => {
  it("asks for the sweeper unless it is told otherwise, on port 8787 unless PORT says another", () => {
    assert.deepStrictEqual(readOptions([], {}), {
      help: false,
      sweep: true,
      pool: "email",
      flip: "none",
      port: 8787,
    });
    const args = ["--no-sweep", "--help", "--pool", "alias", "--flip", "2026-05"];
    assert.deepStrictEqual(readOptions(args, { PORT: "8790" }), {
      help: true,
      sweep: false,
      pool: "alias",
      flip: "2026-05",
      port: 8790,
    });
  });

  it.each([["--sweep"], ["extra"], ["--help=yes"], ["--pool=other"], ["--flip=2025-05"]])(
    "refuses %s by name, and says where the options are",
    (argument) => {
      const name = argument.replace(/=.*/, "");
      assert.throws(() => readOptions([argument], {}), new RegExp(`${name}.*--help lists the options`, "s"));
    },
  );

  it.each(["0", "65535", "x", "1.5"])("refuses PORT=%s", (port) => {
    assert.throws(() => readOptions([], { PORT: port }), /PORT has to be a number/);
  });
});

describe("the Worker's variables", () => {
  const own = { ...bindings, AWS_REGION: "eu-west-2" };

  it("are the stack's own, and a developer's settings that are no secret", () => {
    const given = workerVariables(own, {
      ENFORCE_MFA: "true",
      AWS_REGION: "us-gov-west-1",
      AWS_SESSION_TOKEN: "of-a-real-account",
      PATH: "/bin",
    });
    assert.strictEqual(given.ENFORCE_MFA, "true");
    assert.strictEqual(given.AWS_REGION, "eu-west-2");
    assert.notProperty(given, "AWS_SESSION_TOKEN");
    assert.notProperty(given, "PATH");
  });

  it("let pages on this machine call the API, unless the developer says which", () => {
    assert.include(readSettings(workerVariables(own, {})).corsOrigins, "http://localhost:5173");
    const [only, ...more] = readSettings(
      workerVariables(own, { CORS_ORIGINS: "https://a.example" }),
    ).corsOrigins;
    assert.deepStrictEqual([only, more], ["https://a.example", []]);
  });

  it("are not left where wrangler would take them before its file", () => {
    const rest = withoutVariables({ PATH: "/bin", DATABASE_URL: "postgres://real", ENFORCE_MFA: "true" });
    assert.deepStrictEqual(rest, { PATH: "/bin" });
  });
});
