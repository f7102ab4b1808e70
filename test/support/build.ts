/** Builds the Worker once for all end-to-end tests, exactly as `wrangler deploy` would. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

export async function setup(): Promise<void> {
  const arguments_ = ["deploy", "--dry-run", "--outdir", ".dev/build"];
  await promisify(execFile)("node_modules/.bin/wrangler", arguments_, {
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
}
