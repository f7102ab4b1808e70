/** Builds the Workers once for all tests, exactly as `wrangler deploy` would; what each is made of stands beside it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Where each Worker is built, and of what. */
export const BUILDS = {
  ".dev/build": "src/worker.ts",
  ".dev/build-hyperdrive": "src/worker-hyperdrive.ts",
  ".dev/build-test": "test/support/workers/database.ts",
};

export async function setup(): Promise<void> {
  const built = Object.entries(BUILDS).map(([folder, entry]) =>
    promisify(execFile)(
      "node_modules/.bin/wrangler",
      ["deploy", entry, "--dry-run", "--outdir", folder, `--metafile=${folder}/meta.json`],
      { env: { ...process.env, WRANGLER_SEND_METRICS: "false" } },
    ),
  );
  await Promise.all(built);
}
