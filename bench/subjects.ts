/** Who is measured: the Worker, the same service in its other shapes, and the baselines. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { builtFrom, bundle } from "../dev/check/bundle.ts";
import { commandOf, RUNTIMES, type RuntimeName } from "../dev/runtimes.ts";
import { watchdog } from "../dev/watchdog.ts";
import { type Running, running } from "./processes.ts";
import type { Stage } from "./stage.ts";
import { startWorkerd } from "./workerd.ts";

const root = join(import.meta.dirname, "..");

/** How the baselines are bundled: as the Worker is. */
const BASELINE = ["--config", "bench/wrangler.toml"];

const ENTRIES = {
  ours: ["src/worker.ts"],
  hyperdrive: ["src/worker-hyperdrive.ts"],
  plain: ["bench/baselines/plain.ts", BASELINE],
  floor: ["bench/baselines/floor.ts", BASELINE],
  empty: ["bench/baselines/empty.ts", BASELINE],
} as const satisfies Record<string, readonly [entry: string, options?: ReadonlyArray<string>]>;

type WorkerName = keyof typeof ENTRIES;

/** Whoever can be started. A runtime: the server on it, with a pool of connections. */
export type SubjectName = WorkerName | RuntimeName;

const isRuntime = (name: SubjectName): name is RuntimeName => RUNTIMES.some((one) => one === name);

/** Builds the Workers, once a run. Answers their sizes, in KiB compressed, by name. */
export const build = (): Promise<Readonly<Record<WorkerName, number>>> => {
  built ??= buildAll();
  return built;
};

let built: ReturnType<typeof buildAll> | undefined;

const buildAll = async (): Promise<Readonly<Record<WorkerName, number>>> => {
  const sizes: Record<string, number> = {};
  for (const [name, [entry, options]] of Object.entries(ENTRIES))
    sizes[name] = (await bundle(root, entry, options)).size;
  return sizes as Record<WorkerName, number>;
};

/** Starts a subject in a fresh process. `wakes`: with what wakes the sweeper. */
export const start = (name: SubjectName, stage: Stage, wakes = true): Promise<Running> => {
  if (isRuntime(name)) return startServer(name, stage);
  const isOurs = name === "ours" || name === "hyperdrive";
  return startWorkerd({
    script: builtFrom(root, ENTRIES[name][0]),
    env: stage.env,
    wakes: isOurs && wakes,
    ...(name === "hyperdrive" && { hyperdrive: stage.databaseUrl }),
  });
};

/** The server, once it listens. */
const startServer = async (runtime: RuntimeName, stage: Stage): Promise<Running> => {
  const { program, options } = commandOf(runtime);
  const child = spawn(program, [...options, "src/server.ts"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...stage.env, PORT: "0", RATE_LIMIT: "off" },
  });
  watchdog(child, { signal: "KILL" });
  child.stderr.resume();
  const port = await new Promise<number>((done, fail) => {
    child.once("exit", (code) => fail(new Error(`the server has ended with ${code}`)));
    createInterface(child.stdout).on("line", (line) => {
      if (line.includes('"listening"')) done((JSON.parse(line) as { port: number }).port);
    });
  });
  return running(child, port);
};

/** Does something with a subject in a fresh process, which is ended afterwards. */
export const withSubject = async <A>(
  name: SubjectName,
  stage: Stage,
  use: (running: Running) => Promise<A>,
): Promise<A> => {
  const running = await start(name, stage);
  try {
    return await use(running);
  } finally {
    await running.stop();
    await stage.settled();
  }
};

/** Names in the order of a round: every other round goes backwards, so that nobody always comes first. */
export const inTurn = <Name>(names: ReadonlyArray<Name>, round: number): ReadonlyArray<Name> =>
  round % 2 === 0 ? names : names.toReversed();
