/** Builds the Workers once for all tests, exactly as `wrangler deploy` would; what each is made of stands beside it. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

/** Where each Worker is built, and what wrangler is told to build it of. */
const BUILDS = {
  ".dev/build": ["src/worker.ts"],
  ".dev/build-hyperdrive": ["src/worker-hyperdrive.ts"],
  ".dev/build-test": ["--config", "test/support/workers/wrangler.toml"],
};

export async function setup(): Promise<void> {
  const built = Object.entries(BUILDS).map(([folder, what]) =>
    promisify(execFile)(
      "node_modules/.bin/wrangler",
      // A relative folder would be one beside the configuration.
      [
        "deploy",
        ...what,
        "--dry-run",
        "--outdir",
        resolve(folder),
        `--metafile=${resolve(folder, "meta.json")}`,
      ],
      { env: { ...process.env, WRANGLER_SEND_METRICS: "false" } },
    ),
  );
  await Promise.all(built);
}
