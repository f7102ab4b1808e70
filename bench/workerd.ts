/**
 * A built Worker in a workerd of its own, started from a configuration of ours and nothing else: what is measured of the
 * process is the Worker's and workerd's, and no development server's.
 * https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { freePort } from "../dev/postgres.ts";
import { watchdog } from "../dev/watchdog.ts";
import { type Running, running } from "./processes.ts";

/** The program, as npm has installed it for wrangler. */
const { default: workerd } = createRequire(import.meta.url)("workerd") as { default: string };

/** What a Worker is started with. */
export interface WorkerOptions {
  /** The file that wrangler has built. */
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** The database behind Hyperdrive, for the entry that has that binding. */
  readonly hyperdrive?: string;
  /** Whether it has the Durable Object that wakes the sweeper. */
  readonly wakes?: boolean;
  /** Where V8's inspector listens, for a profile. */
  readonly inspector?: number;
}

const text = (value: string): string => JSON.stringify(value);

const configuration = (
  { script, env, hyperdrive, wakes }: WorkerOptions,
  date: string,
  port: number,
): string => {
  const bindings = Object.entries(env).map(
    ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`,
  );
  if (wakes) bindings.push('(name = "SWEEPER_ALARM", durableObjectNamespace = "SweeperAlarm")');
  const services = [
    '(name = "main", worker = .worker)',
    '(name = "outside", network = (allow = ["private"]))',
  ];
  if (hyperdrive !== undefined) {
    const { hostname, port: databasePort, pathname, username, password } = new URL(hyperdrive);
    services.push(
      `(name = "database", external = (address = ${text(`${hostname}:${databasePort}`)}, tcp = ()))`,
    );
    bindings.push(
      `(name = "HYPERDRIVE", hyperdrive = (designator = "database", database = ${text(pathname.slice(1))}, user = ${text(username)}, password = ${text(password)}, scheme = "postgresql"))`,
    );
  }
  const objects = wakes
    ? `durableObjectNamespaces = [(className = "SweeperAlarm", uniqueKey = "sweeper", enableSql = true)],
  durableObjectStorage = (inMemory = void),`
    : "";
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(", ")}],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed ${text(basename(script))})],
  compatibilityDate = ${text(date)},
  bindings = [${bindings.join(",\n    ")}],
  globalOutbound = "outside",
  ${objects}
);
`;
};

/** Starts a Worker in a fresh process. Resolves as soon as it listens: it has not been asked anything yet. */
export const startWorkerd = async (options: WorkerOptions): Promise<Running> => {
  const home = await mkdtemp(join(tmpdir(), "registrar-bench-"));
  const date = /^compatibility_date = "(.+)"$/m.exec(await readFile("wrangler.toml", "utf8"))?.[1] ?? "";
  const port = await freePort();
  await writeFile(join(home, basename(options.script)), await readFile(options.script));
  await writeFile(join(home, "config.capnp"), configuration(options, date, port));
  const args = ["serve", join(home, "config.capnp"), "--control-fd=3", "--experimental"];
  if (options.inspector !== undefined) args.push(`--inspector-addr=127.0.0.1:${options.inspector}`);
  const child = spawn(workerd, args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  watchdog(child, { signal: "KILL" });
  const words = lastWords(child);
  await listening(child, words);
  const subject = running(child, port);
  return {
    ...subject,
    stop: async () => {
      await subject.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
};

/** workerd says on its control channel that it listens. */
const listening = (child: ChildProcess, words: () => string): Promise<void> =>
  new Promise((done, fail) => {
    child.once("exit", () => fail(new Error(`workerd has ended: ${words()}`)));
    child.stdio[3]?.on("data", (chunk: Buffer) => {
      if (String(chunk).includes('"listen"')) done();
    });
  });

/** Logs are read, as a platform would, and thrown away. */
const lastWords = (child: ChildProcess): (() => string) => {
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      said = (said + String(chunk)).slice(-2000);
    });
  return () => said;
};
