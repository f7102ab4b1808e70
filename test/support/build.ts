/**
 * Builds the Workers once for all tests, exactly as `wrangler deploy` would; what each is made of stands beside it. One
 * that is younger than everything it is made of is not built again.
 */
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

/** Where each Worker is built, and what wrangler is told to build it of. */
const BUILDS = {
  ".dev/build": ["src/worker.ts"],
  ".dev/build-hyperdrive": ["src/worker-hyperdrive.ts"],
  ".dev/build-test": ["--config", "test/support/workers/wrangler.toml"],
};

/** What decides how anything is built: the configurations, the packages and this file. */
const HOW = [
  "wrangler.toml",
  "test/support/workers/wrangler.toml",
  "package-lock.json",
  import.meta.filename,
];

const changedAt = async (file: string): Promise<number> => (await stat(file)).mtimeMs;

/** Whether nothing has changed since a Worker was built. */
async function isCurrent(folder: string): Promise<boolean> {
  try {
    const metafile = join(folder, "meta.json");
    const { inputs } = JSON.parse(await readFile(metafile, "utf8")) as { inputs: Record<string, unknown> };
    const built = await changedAt(metafile);
    const changes = await Promise.all([...Object.keys(inputs), ...HOW].map(changedAt));
    return Math.max(...changes) < built;
  } catch {
    // It was not built, or a file of it is gone.
    return false;
  }
}

async function build([folder, what]: readonly [string, ReadonlyArray<string>]): Promise<void> {
  if (await isCurrent(folder)) return;
  // A relative folder would be one beside the configuration.
  const out = resolve(folder);
  await promisify(execFile)(
    "node_modules/.bin/wrangler",
    ["deploy", ...what, "--dry-run", "--outdir", out, `--metafile=${join(out, "meta.json")}`],
    { env: { ...process.env, WRANGLER_SEND_METRICS: "false" } },
  );
}

export async function setup(): Promise<void> {
  await Promise.all(Object.entries(BUILDS).map(build));
}
