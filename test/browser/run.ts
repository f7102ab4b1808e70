/**
 * `npm run browser`: the pages in a real browser without a window, by the tests of this folder; or by those that are named:
 * `npm run browser -- pages`. Playwright and axe are packages of this folder's own package.json, and are installed here when
 * they are needed. The browser is the machine's own: Debian's package `chromium`, or what CHROMIUM names. Where there is
 * none, that is said, and nothing has failed. `npm run screenshots` takes the pictures of docs/img/ in the same way.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { installNested } from "../../dev/nested.ts";
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
const run = (...args: ReadonlyArray<string>): void => {
  const { status } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, CHROMIUM: browser },
  });
  if (status !== 0) process.exit(status ?? 1);
};

installNested(HERE, "Playwright and axe are");
run(join(ROOT, "node_modules/typescript/bin/tsc"), "--project", HERE);
const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
const [first, ...others] = process.argv.slice(2);
const [project, named] = first === "screenshots" ? [first, others] : ["browser", process.argv.slice(2)];
run(vitest, "run", "--project", project, ...named);
