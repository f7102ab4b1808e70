/**
 * `npm run browser`: the pages in a real browser without a window, by the tests of this folder; or by those that are named:
 * `npm run browser -- pages`. Playwright and axe are packages of this folder's own package.json, and are installed here when
 * they are needed. The browser is the machine's own: Debian's package `chromium`, or what CHROMIUM names. Where there is
 * none, that is said, and nothing has failed. `npm run screenshots` takes the pictures of docs/img/ in the same way.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "./chromium.ts";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "../..");

const browser = chromium();
if (browser === undefined) {
  console.log(
    "SKIPPED: there is no Chromium on this machine, so no page was looked at. Install it (Debian: apt-get install chromium), or name one: CHROMIUM=/path/to/chrome npm run browser",
  );
  process.exit(0);
}

/** Runs a program of the project's own, and ends where it fails. */
const run = (program: string, args: ReadonlyArray<string>, cwd: string): void => {
  const { status } = spawnSync(program, args, {
    cwd,
    stdio: "inherit",
    env: { ...process.env, CHROMIUM: browser },
  });
  if (status !== 0) process.exit(status ?? 1);
};

const locked = (file: string): string | undefined => {
  try {
    const { packages } = JSON.parse(readFileSync(join(HERE, file), "utf8")) as {
      packages: Record<string, { version?: string }>;
    };
    const { "": _, ...installed } = packages;
    return JSON.stringify(Object.entries(installed).map(([path, { version }]) => [path, version]));
  } catch {
    return undefined;
  }
};

if (locked("node_modules/.package-lock.json") !== locked("package-lock.json")) {
  console.log("Playwright and axe are installed below test/browser …");
  run("npm", ["ci", "--no-audit", "--no-fund"], HERE);
}

run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "--project", HERE], ROOT);
const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
const [first, ...others] = process.argv.slice(2);
const [project, named] = first === "screenshots" ? [first, others] : ["browser", process.argv.slice(2)];
run(process.execPath, [vitest, "run", "--project", project, ...named], ROOT);
