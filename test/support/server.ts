/**
 * The server on Node, Bun or Deno, as a process of its own behind the same interface as the Worker: the end-to-end tests
 * run on either. It is started from its source, as `npm start` does, or from a bundle.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { commandOf, RUNTIMES, type RuntimeName } from "../../dev/runtimes.ts";
import { watchdog } from "../../dev/watchdog.ts";

/** Whether somebody has asked for this runtime; `RUNTIME=deno`. Undefined: workerd. */
export const chosenRuntime = (): RuntimeName | undefined => {
  const name = process.env.RUNTIME;
  if (name === undefined) return undefined;
  const runtime = RUNTIMES.find((one) => one === name);
  if (runtime === undefined) throw new Error(`RUNTIME must be one of ${RUNTIMES.join(", ")}`);
  return runtime;
};

const chosenEntry = (): string => process.env.SERVER_ENTRY ?? "src/server.ts";

/** What a process is started with. */
export interface Launch {
  readonly runtime: RuntimeName;
  /** The file that it runs; default: what `SERVER_ENTRY` names, or the source. */
  readonly entry?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Takes each line of the log. */
  readonly onLine?: (line: string) => void;
}

/** A running process. */
export interface Process {
  readonly child: ChildProcess;
  /** Everything that it has written. */
  readonly lines: ReadonlyArray<string>;
  /** Resolves with the first line that fits, also one that is written already; rejects where the process ends before. */
  line(fits: RegExp): Promise<string>;
  /** Resolves with the exit code; null after a signal that it did not survive. */
  readonly ended: Promise<number | null>;
}

/** Starts a process with these variables and no others of ours. */
export function launch({ runtime, entry = chosenEntry(), env, onLine }: Launch): Process {
  const { program, options } = commandOf(runtime);
  const child = spawn(program, [...options, entry], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  const dismiss = watchdog(child, { signal: "KILL" });
  const lines: Array<string> = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on("line", (line) => {
      lines.push(line);
      onLine?.(line);
      for (const look of waiting) look();
    });
  const ended = once(child, "close").then(([code]) => {
    dismiss();
    return code as number | null;
  });
  const line = (fits: RegExp) =>
    new Promise<string>((found, lost) => {
      const look = () => {
        const one = lines.find((text) => fits.test(text));
        if (one === undefined) return;
        waiting.delete(look);
        found(one);
      };
      waiting.add(look);
      look();
      void ended.then((code) =>
        lost(new Error(`${runtime} ended with ${code}; its last words: ${lines.slice(-5).join(" | ")}`)),
      );
    });
  return { child, lines, line, ended };
}

/** The port in the line that says where it listens. */
export const portIn = (listening: string): number => (JSON.parse(listening) as { port: number }).port;

/** Where a server is, and what the end-to-end tests do with it. */
export interface Server {
  readonly url: string;
  /** Lets another process of the deployment sweep: its first sweep, at its start. */
  sweep(): Promise<void>;
  /** `kill -9`; resolves when a fresh process answers at the same address. */
  kill(): Promise<void>;
  /** SIGTERM; fails where it does not end well. */
  stop(): Promise<void>;
}

/** For a process that only sweeps: its first call is made while it still warms up, on a machine that may be busy. */
const UNHURRIED = {
  COGNITO_TIMEOUT_MS: "3000",
  COGNITO_CREATE_TIMEOUT_MS: "3000",
  DATABASE_TIMEOUT_MS: "3000",
};

/** Starts the server, and resolves once its first sweep is over: from then on it asks for nothing by itself. */
export async function startServer({ env, ...how }: Launch): Promise<Server> {
  const start = async (port: number, more: Readonly<Record<string, string>> = {}) => {
    const process = launch({ ...how, env: { ...env, ...more, PORT: String(port) } });
    const bound = portIn(await process.line(/"listening"/));
    await process.line(/"sweep (finished|failed)"/);
    return { process, port: bound };
  };
  const end = async ({ process }: Awaited<ReturnType<typeof start>>) => {
    process.child.kill("SIGTERM");
    const code = await process.ended;
    if (code !== 0)
      throw new Error(`${how.runtime} ended with ${code}: ${process.lines.slice(-5).join(" | ")}`);
  };
  let current = await start(0);
  return {
    url: `http://127.0.0.1:${current.port}`,
    sweep: async () => end(await start(0, UNHURRIED)),
    kill: async () => {
      current.process.child.kill("SIGKILL");
      await current.process.ended;
      current = await start(current.port);
    },
    stop: () => end(current),
  };
}
