/** The runtimes of the server, and how each is called: Bun and Deno are packages of test/runtimes, which `npm run runtimes` installs. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const installed = (name: string): string =>
  join(import.meta.dirname, "../test/runtimes/node_modules/.bin", name);

const COMMANDS = {
  node: { program: process.execPath, options: [] },
  bun: { program: installed("bun"), options: ["run"] },
  deno: {
    program: installed("deno"),
    // Read: the packages, public/, and the AWS SDK's look for its own files; sys: its user agent.
    options: ["run", "--no-prompt", "--allow-net", "--allow-env", "--allow-read", "--allow-sys"],
  },
} as const;

/** Where the server runs. */
export type RuntimeName = keyof typeof COMMANDS;

/** The runtimes by name. */
export const RUNTIMES = Object.keys(COMMANDS) as ReadonlyArray<RuntimeName>;

/** Whether this machine has it. */
export const isInstalled = (runtime: RuntimeName): boolean => existsSync(COMMANDS[runtime].program);

/** How a runtime is called to run a file. Fails with a sentence where it is not installed. */
export const commandOf = (
  runtime: RuntimeName,
): { readonly program: string; readonly options: ReadonlyArray<string> } => {
  if (!isInstalled(runtime))
    throw new Error(`${runtime} is not installed: run "npm ci" in test/runtimes first`);
  return COMMANDS[runtime];
};

/** What a runtime calls itself, with its version. Fails with a sentence where it is not installed. */
export const versionOf = (runtime: RuntimeName): string => {
  const said = spawnSync(commandOf(runtime).program, ["--version"], { encoding: "utf8" }).stdout;
  return `${runtime} ${/\d+\.\d+\.\d+/.exec(said)?.[0] ?? "?"}`;
};
