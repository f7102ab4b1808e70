/**
 * `wrangler dev` as a child: it needs no account and no network, reports nothing, and ends with all its processes.
 * Its lines are passed on, and read for one thing only: the summary that the sweeper logs. If the Worker cannot be
 * built or dies, that is told with wrangler's own last lines.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { withoutVariables } from "./variables.ts";
import { watchdog } from "./watchdog.ts";

/** A failure that is told to the developer as it is, without a stack trace. */
export class DevError extends Error {}

/** What the child needs. */
export interface WranglerOptions {
  readonly root: string;
  readonly port: number;
  /** A file in .env form with the Worker's secrets. */
  readonly envFile: string;
  /** The Worker's other settings. */
  readonly vars: Readonly<Record<string, string>>;
  /** Where wrangler may keep its logs and state. */
  readonly scratch: string;
  /** Takes each line that wrangler prints. */
  readonly onLine: (line: string) => void;
}

/** A running `wrangler dev`. */
export interface Wrangler {
  readonly url: string;
  /** Resolves with a sentence if it ends without having been asked to. */
  readonly died: Promise<string>;
  /** Resolves once GET /api/health answers 200. */
  healthy(): Promise<void>;
  /** Runs the scheduled handler once and returns the summary that it logs. */
  sweep(): Promise<unknown>;
  stop(): Promise<void>;
}

const patience = 90_000;

/** Starts wrangler from the project's own node_modules. */
export function startWrangler(options: WranglerOptions): Wrangler {
  const program = join(options.root, "node_modules/wrangler/bin/wrangler.js");
  if (!existsSync(program)) throw new DevError(`wrangler is not installed. Run "npm ci" first.`);
  const url = `http://127.0.0.1:${options.port}`;
  const child = launch(program, options);
  watchdog(child, { signal: "KILL", group: true });

  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface(stream).on("line", (raw) => {
      const line = stripVTControlCharacters(raw);
      lines.push(line);
      if (lines.length > 40) lines.shift();
      for (const listener of listeners) listener(line);
      options.onLine(raw);
    });
  }
  const words = () => lines.filter((line) => line.trim() !== "").join("\n  ");

  let asked = false;
  const gone = new Promise<void>((done) => {
    child.once("error", () => done());
    child.once("exit", () => done());
  });
  const died = new Promise<string>((tell) => {
    void gone.then(() => asked || tell(`wrangler ended on its own. Its last lines:\n  ${words()}`));
  });

  async function healthy(): Promise<void> {
    let dead: string | undefined;
    void died.then((why) => {
      dead = why;
    });
    for (const deadline = Date.now() + patience; Date.now() < deadline; await sleep(100)) {
      if (dead !== undefined) throw new DevError(dead);
      const response = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(5000) }).catch(
        () => undefined,
      );
      await response?.body?.cancel();
      if (response?.status === 200) return;
      if (lines.some((line) => line.includes("[ERROR]"))) {
        // The explanation follows the first line.
        await sleep(500);
        throw new DevError(`The Worker does not start. wrangler says:\n  ${words()}`);
      }
    }
    throw new DevError(`The Worker did not answer GET /api/health. wrangler says:\n  ${words()}`);
  }

  let turn: Promise<unknown> = Promise.resolve();
  function sweep(): Promise<unknown> {
    const mine = turn.then(async () => {
      let found: unknown;
      const listener = (line: string) => {
        found ??= summaryIn(line);
      };
      listeners.add(listener);
      try {
        const response = await fetch(`${url}/cdn-cgi/handler/scheduled`, {
          signal: AbortSignal.timeout(patience),
        });
        await response.body?.cancel();
        // The line and the answer travel on two pipes.
        for (let waited = 0; found === undefined && waited < 3000; waited += 20) await sleep(20);
        if (found !== undefined) return found;
        throw new DevError(`The scheduled handler answered ${response.status} and logged no summary.`);
      } finally {
        listeners.delete(listener);
      }
    });
    turn = mine.catch(() => {});
    return mine;
  }

  async function stop(): Promise<void> {
    asked = true;
    // Only wrangler itself, so that it can end its workerd and wait for it.
    child.kill("SIGTERM");
    await Promise.race([gone, sleep(4000, undefined, { ref: false })]);
    // Whatever is left of the group: wrangler's workerd, if wrangler itself was killed.
    signalGroup(child, "SIGKILL");
    await gone;
  }

  return { url, died, healthy, sweep, stop };
}

function launch(program: string, { root, port, envFile, vars, scratch }: WranglerOptions): ChildProcess {
  const args = [
    "dev",
    "--local",
    "--persist-to",
    join(scratch, "state"),
    "--ip",
    "127.0.0.1",
    "--port",
    `${port}`,
    "--env-file",
    envFile,
  ];
  args.push("--inspector-port", "0", "--show-interactive-dev-session=false", "--test-scheduled");
  // Where wrangler.toml lists the secrets, wrangler takes nothing else from the file.
  for (const [key, value] of Object.entries(vars)) args.push("--var", `${key}:${value}`);
  return spawn(process.execPath, [program, ...args], {
    cwd: root,
    // A group of its own, so that it can be ended as a whole, and in its turn.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...withoutVariables(process.env),
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_SEND_ERROR_REPORTS: "false",
      WRANGLER_HIDE_BANNER: "true",
      WRANGLER_LOG_PATH: join(scratch, "logs"),
      WRANGLER_REGISTRY_PATH: join(scratch, "registry"),
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
    },
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left to signal.
  }
}

function summaryIn(line: string): unknown {
  if (!line.includes('"sweep finished"')) return undefined;
  try {
    return find(JSON.parse(line.slice(line.indexOf("{"))));
  } catch {
    return undefined;
  }
}

function find(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if ("summary" in value && typeof value.summary === "object") return value.summary;
  return Object.values(value)
    .map(find)
    .find((found) => found !== undefined);
}
