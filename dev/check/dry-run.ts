/** `wrangler deploy` without deploying: builds a Worker as it would be sent, and says what it would have access to. */
import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

/** What esbuild tells of the bundle, beside it. */
export const METAFILE = "meta.json";

/**
 * Builds into a folder, in the tree at `root`. `what`: what wrangler is told of the entry, its configuration and its environment.
 * Answers with all that wrangler has said; fails with it where wrangler would not deploy.
 */
export const dryRun = async (root: string, what: ReadonlyArray<string>, folder: string): Promise<string> => {
  // A relative folder would be one beside the configuration.
  const out = resolve(root, folder);
  const args = ["deploy", ...what, "--dry-run", "--outdir", out, `--metafile=${join(out, METAFILE)}`];
  const env = { ...process.env, NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" };
  const run = promisify(execFile)(join(root, "node_modules/.bin/wrangler"), args, { cwd: root, env });
  const { stdout, stderr } = await run.catch((failure: { stdout?: string; stderr?: string }) => {
    throw new Error(`wrangler would not deploy: ${failure.stdout ?? failure}${failure.stderr ?? ""}`);
  });
  return stdout + stderr;
};
