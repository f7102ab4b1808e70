/**
 * `npm run runtimes`: the core of the end-to-end tests against the server on Node, Bun and Deno, one after the other, each
 * over `pg` and on another shape of FLIP's tables; or on those that are named: `npm run runtimes -- bun`. Bun and Deno are packages of this folder's own package.json, and are
 * installed here when they are needed. What each run showed is a row of `npm run results`.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FlipShapeName } from "../../dev/flip-shapes.ts";
import { installNested } from "../../dev/nested.ts";
import { writeRow } from "../../dev/results.ts";
import { RUNTIMES, type RuntimeName, versionOf } from "../../dev/runtimes.ts";

/** What differs where the server runs, and on which tables; the rest of the tests is about code that is the same everywhere. */
const CORE = ["test/e2e/server", "test/e2e/register", "test/e2e/operate", "test/e2e/manage/account.test.ts"];

/** On which of FLIP's tables each of them runs: between them on all that there are. */
const SHAPES: Readonly<Record<RuntimeName, FlipShapeName>> = {
  node: "2026-05",
  bun: "2026-09",
  deno: "none",
};

const HERE = import.meta.dirname;
const ROOT = join(HERE, "../..");

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !RUNTIMES.some((one) => one === name));
if (unknown.length > 0) {
  console.error(`${unknown.join(", ")}: is no runtime; there are ${RUNTIMES.join(", ")}.`);
  process.exit(2);
}
const chosen = RUNTIMES.filter((one) => asked.length === 0 || asked.includes(one));

if (chosen.some((one) => one !== "node")) installNested(HERE, "Bun and Deno are", { scripts: true });

/** What each runs: Node the bundle, as in a container; the others the source, as a person who has the repository. */
const ENTRIES: Readonly<Record<RuntimeName, string>> = {
  node: "dist/server.js",
  bun: "src/server.ts",
  deno: "src/server.ts",
};

if (chosen.includes("node")) {
  const { status } = spawnSync(process.execPath, ["dev/build-server.ts"], { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

const run = (runtime: RuntimeName): boolean => {
  const file = join(ROOT, `.dev/runtimes-${runtime}.json`);
  console.log(`\nThe server on ${versionOf(runtime)}:`);
  const reporters = ["--reporter=dot", "--reporter=json", `--outputFile.json=${file}`];
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", "--project", "e2e", ...CORE, ...reporters], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, RUNTIME: runtime, SERVER_ENTRY: ENTRIES[runtime], FLIP_SHAPE: SHAPES[runtime] },
  });
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(file, "utf8")) as Report;
  writeRow(`runtimes-${runtime}`, {
    suite: "e2e, the core of it",
    on: `${versionOf(runtime)}, pg, ${SHAPES[runtime] === "none" ? "our tables" : `FLIP of ${SHAPES[runtime]}`}`,
    passed: numPassedTests,
    failed: numFailedTests,
  });
  return status === 0;
};

const failed = chosen.filter((runtime) => !run(runtime));
if (failed.length > 0) console.error(`\nNot every test has passed on: ${failed.join(", ")}.`);
process.exit(failed.length === 0 ? 0 : 1);
