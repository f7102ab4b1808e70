/** The arrows between the rooms of src/: an import against each is refused, however it is written. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { wrongArrows, wrongIn } from "../../../dev/check/arrows.ts";

/** A file, and a line against an arrow that somebody might write in it. */
const planted: ReadonlyArray<readonly [file: string, line: string]> = [
  // domain imports nothing but effect
  ["domain/user.ts", `import { Ledger } from "../ports/ledger.ts";`],
  ["domain/errors.ts", `import type { Role } from "../ports/access.ts";`],
  ["domain/a-new-file.ts", `import { sweep } from "../programs/sweep/sweep.ts";`],
  ["domain/audit.ts", `export type A = import("../adapters/postgres/sql.ts").Fragment;`],
  ["domain/audit.ts", `import { Hono } from "hono";`],
  ["domain/audit.ts", `import { readFileSync } from "node:fs";`],
  // ports → domain
  ["ports/ledger.ts", `import { register } from "../programs/register/register.ts";`],
  ["ports/database.ts", `import { DatabaseNeon } from "../adapters/neon/database.ts";`],
  ["ports/settings.ts", `import { readSettings } from "../settings.ts";`],
  ["ports/access.ts", `import { decodeJwt } from "jose";`],
  ["ports/a-new-port.ts", `export * from "../http/problems.ts";`],
  // programs → ports → domain
  ["programs/register/open.ts", `import { LedgerPostgres } from "../../adapters/postgres/ledger.ts";`],
  ["programs/sweep/sweep.ts", `import { toProblem } from "../../http/problem.ts";`],
  ["programs/users.ts", `const app = () => import("../app.ts");`],
  ["programs/roles.ts", `export { readSettings } from "../settings.ts";`],
  ["programs/change.ts", `import { neon } from "@neondatabase/serverless";`],
  ["programs/a/new/folder.ts", `import type { AppEnv } from "../../../http/mount.ts";`],
  // http → programs
  ["http/mount.ts", `import type { Runtime } from "../layers/shared.ts";`],
  ["http/routes/users.ts", `import { DirectoryCognito } from "../../adapters/cognito/directory.ts";`],
  ["http/routes/a-new-area.ts", `let settings: import("../../settings.ts").BadConfiguration;`],
  ["http/openapi.ts", `import { makeApp } from "../app.ts";`],
  ["http/openapi.ts", `import { AdminGetUserCommand } from "@aws-sdk/client-cognito-identity-provider";`],
  // adapters → ports
  ["adapters/postgres/ledger.ts", `import { sweep } from "../../programs/sweep/sweep.ts";`],
  ["adapters/cognito/client.ts", `import { readSettings } from "../../settings.ts";`],
  ["adapters/log.ts", `import { problemResponse } from "../http/problem.ts";`],
  ["adapters/cognito/client.ts", `import { sql } from "../postgres/sql.ts";`],
  ["adapters/a-new-one/client.ts", `import { sql } from "../another-new-one/sql.ts";`],
  ["adapters/log.ts", `import { sql } from "./postgres/sql.ts";`],
  ["adapters/postgres/sql.ts", `import { neon } from "@neondatabase/serverless";`],
  ["adapters/neon/database.ts", `import { makeRuntime } from "../../layers/workers.ts";`],
  // entries → layers, app
  ["worker.ts", `import { logLine } from "./adapters/log.ts";`],
  ["a-new-entry.ts", `import { DatabaseNeon } from "./adapters/neon/database.ts";`],
  ["app.ts", `import { LedgerPostgres } from "./adapters/postgres/ledger.ts";`],
  ["app.ts", `import worker from "./worker.ts";`],
  ["app.ts", `import { something } from "./a-new-entry.ts";`],
  ["worker.ts", `import { something } from "./a-new-entry.ts";`],
  ["app.ts", `import { makeHandlers } from "./handlers.ts";`],
  ["handlers.ts", `import { DatabaseNeon } from "./adapters/neon/database.ts";`],
  ["handlers.ts", `import worker from "./worker.ts";`],
  ["layers/shared.ts", `import { makeApp } from "../app.ts";`],
  ["layers/a-new-platform.ts", `import { makeHandlers } from "../handlers.ts";`],
  ["layers/workers.ts", `import { neon } from "@neondatabase/serverless";`],
  ["settings.ts", `import { makeRuntime } from "./layers/workers.ts";`],
  // no other entry knows the server's rooms
  ["worker.ts", `import { makeFiles } from "./server/files.ts";`],
  ["worker.ts", `import "./server.ts";`],
  ["worker.ts", `import { createServer } from "node:http";`],
  ["a-new-entry.ts", `import { serve } from "@hono/node-server";`],
  ["handlers.ts", `import { makeWork } from "./server/work.ts";`],
  ["app.ts", `import { serveStatic } from "@hono/node-server/serve-static";`],
  ["http/mount.ts", `import { readServer } from "../server/settings.ts";`],
  ["server.ts", `import { redact } from "./adapters/redact.ts";`],
  ["server/a-new-part.ts", `import { logLine } from "../adapters/log.ts";`],
  ["server/files.ts", `import { neon } from "@neondatabase/serverless";`],
  // the others
  ["http/query.ts", `import { startStack } from "../../dev/stack.ts";`],
  ["programs/users.ts", `import { SqlClient } from "effect/sql";`],
  ["programs/users.ts", `import * as Arbitrary from "effect/Arbitrary";`],
  ["programs/users.ts", `export * as FileSystem from "effect/FileSystem";`],
  ["programs/users.ts", `import { Effect } from "effect";`],
  ["programs/users.ts", `import type { Effect } from "effect";`],
  ["programs/users.ts", `import * as Everything from "effect";`],
  ["a-new-room/file.ts", `import * as Effect from "effect/Effect";`],
  // however it is written
  ["programs/users.ts", "const log = () => import(`../adapters/log.ts`);"],
  ["programs/users.ts", `const any = (file: string) => import("../adapters/" + file);`],
  ["programs/users.ts", `type Log = typeof import("../adapters/log.ts");`],
  ["programs/users.ts", `export * as log from "../adapters/log.ts";`],
  ["programs/users.ts", `export type { A } from "../adapters/log.ts";`],
  ["programs/users.ts", `import log = require("../adapters/log.ts");`],
  ["programs/users.ts", `const log = require("../adapters/log.ts");`],
  ["programs/users.ts", `import "../adapters/log.ts";`],
  ["programs/users.ts", `declare module "../adapters/log.ts" {}`],
  ["programs/users.ts", `/// <reference path="../adapters/log.ts" />`],
];

describe("an import against an arrow", () => {
  it.each([...planted])("is refused in src/%s: %s", (file, line) => {
    const [sentence, ...more] = wrongIn(`src/${file}`, `// A comment: import "../nothing.ts"\n${line}\n`);
    assert.match(sentence ?? "nothing was refused", new RegExp(`^src/${file}:2: .* must not import `));
    assert.deepStrictEqual(more, []);
    // A plant that leads out of src/ by mistake would be refused as well, and say nothing of its arrow.
    assert.strictEqual(/knows nothing outside/.test(sentence ?? ""), /"[./]+\/dev\//.test(line));
  });

  it("is refused in dev/ where it leads to test/", () => {
    const [sentence] = wrongIn(
      "dev/check/new.ts",
      `import { startStack } from "../../test/support/fixture.ts";`,
    );
    assert.match(sentence ?? "nothing was refused", /^dev\/check\/new\.ts:1: dev must not import /);
    assert.deepStrictEqual(wrongIn("dev/new.ts", `import { makeApp } from "../src/app.ts";`), []);
  });

  it.each([
    `import { startStack } from "../dev/stack.ts";`,
    `import { startStack } from "../test/support/fixture.ts";`,
    `import { LedgerPostgres } from "../src/adapters/postgres/ledger.ts";`,
    `import type { AppEnv } from "../src/http/mount.ts";`,
    `import { makeApp } from "../src/app.ts";`,
    `import worker from "../src/worker.ts";`,
  ])("is refused in cli/: %s", (line) => {
    const [sentence] = wrongIn("cli/new.ts", line);
    assert.match(sentence ?? "nothing was refused", /^cli\/new\.ts:1: cli must not import /);
  });

  it("is none in cli/ where it leads to settings, layers or programs", () => {
    const files = [
      "settings.ts",
      "layers/server.ts",
      "programs/users.ts",
      "ports/ledger.ts",
      "domain/user.ts",
    ];
    const lines = files.map((file) => `import { a } from "../../src/${file}";`).join("\n");
    assert.deepStrictEqual(wrongIn("cli/doctor/new.ts", `${lines}\nimport pg from "pg";`), []);
  });

  it.each([
    `import type { Role } from "../../src/http/wire.ts";`,
    `import { pastes } from "../../dev/pastes.ts";`,
    `import { render } from "preact";`,
    `import { readFileSync } from "node:fs";`,
  ])("is refused in console/: %s", (line) => {
    const [sentence] = wrongIn("console/screens/new.tsx", line);
    assert.match(
      sentence ?? "nothing was refused",
      /^console\/screens\/new\.tsx:1: console must not import /,
    );
  });

  it("is none in console/ where it leads to its own files, or to what draws them", () => {
    const lines = `import { render } from "hono/jsx/dom";\nimport { get } from "../api/call.ts";`;
    assert.deepStrictEqual(wrongIn("console/screens/new.tsx", lines), []);
  });

  it("is not hidden by a file that cannot be parsed", () => {
    const [sentence] = wrongIn("src/domain/user.ts", `import { A } from "../ports/ledger.ts"; const = ;`);
    assert.match(sentence ?? "nothing was refused", /^src\/domain\/user\.ts: cannot be parsed: /);
  });

  it.each(["mts", "cts", "tsx", "js"])("is refused in a file of type %s", (type) => {
    const tree = mkdtempSync(join(tmpdir(), "arrows-"));
    try {
      mkdirSync(join(tree, "src/domain"), { recursive: true });
      writeFileSync(join(tree, `src/domain/fresh.${type}`), `export { A } from "../ports/ledger.ts";`);
      assert.strictEqual(wrongArrows(tree).length, 1);
    } finally {
      rmSync(tree, { recursive: true });
    }
  });

  it("is refused by the command, which names file and line and fails", () => {
    const tree = mkdtempSync(join(tmpdir(), "arrows-"));
    try {
      cpSync("src", join(tree, "src"), { recursive: true });
      mkdirSync(join(tree, "src/domain/deep"));
      writeFileSync(
        join(tree, "src/domain/deep/fresh.ts"),
        `export { sweep } from "../../programs/sweep/sweep.ts";`,
      );
      const { status, stderr } = spawnSync(process.execPath, ["dev/check/arrows.ts", tree], {
        encoding: "utf8",
      });
      assert.strictEqual(status, 1);
      assert.match(stderr, /^src\/domain\/deep\/fresh\.ts:1: domain must not import .*: the arrows are /);
    } finally {
      rmSync(tree, { recursive: true });
    }
  });
});

describe("the tree", () => {
  it("follows every arrow", () => {
    assert.deepStrictEqual(wrongArrows("."), []);
  });
});
