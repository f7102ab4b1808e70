/**
 * Builds the Workers and the console once for all tests, exactly as `wrangler deploy` would; what each Worker is made of stands beside
 * it. One that is younger than everything it is made of is not built again.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { buildConsole } from "../../dev/build-console.ts";
import { dryRun, METAFILE } from "../../dev/check/dry-run.ts";

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
    const metafile = join(folder, METAFILE);
    const { inputs } = JSON.parse(await readFile(metafile, "utf8")) as { inputs: Record<string, unknown> };
    const built = await changedAt(metafile);
    const changes = await Promise.all([...Object.keys(inputs), ...HOW].map(changedAt));
    return Math.max(...changes) < built;
  } catch {
    // It was not built, or a file of it is gone.
    return false;
  }
}

export async function setup(): Promise<void> {
  const built = Object.entries(BUILDS).map(async ([folder, what]) => {
    if (!(await isCurrent(folder))) await dryRun(process.cwd(), what, folder);
  });
  // wrangler makes the console, too, where it builds a Worker.
  await Promise.all([...built, buildConsole()]);
}
