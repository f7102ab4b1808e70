/**
 * The built Worker in workerd, under raw Miniflare: real sockets in front of it, real sockets behind it. A client can
 * be reset in the middle of a request, and the isolate can be killed with a real `kill -9`; Miniflare then starts a
 * fresh workerd on the same port. Nothing of the Worker is replaced.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import type { Stack } from "../../dev/stack.ts";
import type { Summary } from "../../src/programs/sweep/sweep.ts";
import { type Answer, type Exchange, exchange, type Message } from "./http.ts";
import { chosenRuntime, startServer } from "./server.ts";

/** The body of a registration; anything may be sent, so that bad ones can be. */
export type Body = Record<string, unknown>;

export interface RegisterOptions {
  /** Default: the stack's administrator; null sends none. */
  readonly token?: string | null;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** One line of the Worker's log, parsed where it is JSON. */
export type Line = Readonly<Record<string, unknown>> & { readonly message?: unknown };

/** A running Worker. */
export interface Worker {
  readonly url: string;
  send(message: Message): Promise<Answer>;
  register(body: Body, options?: RegisterOptions): Promise<Answer>;
  /** A registration whose client can go away: `reset` sends a TCP reset. */
  begin(body: Body, options?: RegisterOptions): Exchange;
  /** Runs the scheduled handler; undefined where it ended without a summary. */
  sweep(): Promise<Summary | undefined>;
  logs(): Line[];
  /** The log as it was written. */
  text(): string;
  /** `kill -9`; resolves when a fresh isolate answers. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Waits that are short for a test and long for a busy machine. */
export const testSettings = {
  COGNITO_TIMEOUT_MS: "600",
  COGNITO_CREATE_TIMEOUT_MS: "600",
  DATABASE_TIMEOUT_MS: "600",
  DATABASE_WAKE_TIMEOUT_MS: "600",
  SIGNING_KEYS_TIMEOUT_MS: "1500",
};

/** The Workers that test/support/build.ts has built, by their way to Postgres. */
const SCRIPTS = {
  neon: ".dev/build/worker.js",
  hyperdrive: ".dev/build-hyperdrive/worker-hyperdrive.js",
};

/** Which of the Workers; `WORKER=hyperdrive` runs any end-to-end test on the other one. */
type Script = keyof typeof SCRIPTS;
const chosenScript = (): Script => (process.env.WORKER === "hyperdrive" ? "hyperdrive" : "neon");

/** Requests of one caller, and of clients of one network, in a minute. */
interface Limits {
  readonly CALLERS?: number;
  readonly CLIENTS?: number;
}

/** What the platform has. */
export interface PlatformOptions {
  /** How often it lets somebody ask. */
  readonly limits?: Limits;
  /** Whether the sweeper is woken when something is due. Otherwise it comes only when it is asked to. */
  readonly wakeUps?: boolean;
  /** Whether it keeps spans, for `spansOf`. */
  readonly traced?: boolean;
}

/** A span that the platform has kept. */
export interface SpanRow {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_id: string | null;
  readonly name: string;
  /** The name of what it failed with, and a colon. */
  readonly error: string | null;
  readonly attributes: string | null;
}

/** The spans that the platform has kept of a Worker, as wrangler shows them to developers. */
export async function spansOf({ url }: Worker): Promise<ReadonlyArray<SpanRow>> {
  const query = "select trace_id, span_id, parent_id, name, error, json(attributes) as attributes from spans";
  const answer = await fetch(`${url}/cdn-cgi/local/explorer/api/local/observability/query`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sql: query }),
  });
  const { result } = (await answer.json()) as { result: { columns: string[]; rows: unknown[][] } };
  return result.rows.map(
    (row) => Object.fromEntries(row.map((value, n) => [result.columns[n], value])) as unknown as SpanRow,
  );
}

/** What runs the service: workerd, or a process. */
interface Host {
  readonly url: string;
  /** Runs one sweep; it is over when this resolves, but its last line may come later. */
  sweep(): Promise<unknown>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the Worker that test/support/build.ts has built, in about half a second; or, where `RUNTIME` names another
 * runtime, the server there.
 */
export async function startWorker(
  stack: Stack,
  overrides: Record<string, string> = {},
  platform: PlatformOptions = {},
  script: Script = chosenScript(),
): Promise<Worker> {
  const written: string[] = [];
  const onLine = (line: string) => void written.push(line);
  const runtime = chosenRuntime();
  const own = { ...stack.workerEnv(), ...testSettings, WAKE_UPS: platform.wakeUps ? "on" : "off" };
  const host =
    runtime === undefined
      ? await startWorkerd(script, stack.wireUrl, { ...own, ...overrides }, onLine, platform)
      : await startServer({
          runtime,
          env: { ...own, DATABASE_URL: stack.wireUrl, ...asSettings(platform.limits), ...overrides },
          onLine,
        });
  const { url } = host;

  const post = (
    body: Body,
    { token, key, headers, path = "/api/users/" }: RegisterOptions = {},
  ): Message => ({
    method: "POST",
    path,
    headers: {
      "Content-Type": "application/json",
      ...(token !== null && { Authorization: `Bearer ${token ?? stack.adminToken}` }),
      ...(key !== undefined && { "Idempotency-Key": key }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const lines = () => written.map(parse);

  return {
    url,
    send: (message) => exchange(url, message).answer,
    register: (body, more) => exchange(url, post(body, more)).answer,
    begin: (body, more) => exchange(url, post(body, more)),
    sweep: async () => {
      const from = written.length;
      await host.sweep();
      return until(
        () => written.slice(from).map(parse).find(isSummary)?.summary as Summary | undefined,
        // The handler's end and its last line come by two ways.
        () => !written.slice(from).some((line) => line.includes("sweep finished")),
      );
    },
    logs: lines,
    text: () => written.join("\n"),
    kill: async () => {
      await host.kill();
      // A server has swept at its start, and no request has asked for that.
      if (runtime !== undefined) stack.faults.clearCalls();
    },
    stop: host.stop,
  };
}

/** A server has no bindings: its limits are settings. */
const asSettings = ({ CALLERS, CLIENTS }: Limits = {}): Record<string, string> => ({
  RATE_LIMIT: CALLERS === undefined && CLIENTS === undefined ? "off" : "on",
  CALLER_REQUESTS_PER_MINUTE: String(CALLERS ?? 1_000_000),
  CLIENT_REQUESTS_PER_MINUTE: String(CLIENTS ?? 1_000_000),
});

async function startWorkerd(
  script: Script,
  wireUrl: string,
  bindings: Record<string, string>,
  onLine: (line: string) => void,
  { limits = {}, traced = false }: PlatformOptions,
): Promise<Host> {
  const persisted = await mkdtemp(join(tmpdir(), "registrar-worker-"));
  let restarted: () => void = () => {};
  const options = convertV4MiniflareOptions({
    name: "registrar",
    modules: true,
    assets: { directory: "public", routerConfig: { has_user_worker: true } },
    scriptPath: SCRIPTS[script],
    ...(script === "hyperdrive" && { hyperdrives: { HYPERDRIVE: wireUrl } }),
    compatibilityDate: await compatibilityDate(),
    bindings,
    durableObjects: { SWEEPER_ALARM: { className: "SweeperAlarm", useSQLite: true } },
    durableObjectsPersist: persisted,
    ratelimits: Object.fromEntries(
      Object.entries(limits).map(([name, limit]) => [
        name,
        { namespace_id: name, simple: { limit, period: 60 } },
      ]),
    ),
    unsafeObservability: traced,
    unsafeLocalExplorer: traced,
    cf: false,
    host: "127.0.0.1",
    port: 0,
    unsafeTriggerHandlers: true,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: ({ message }: { message: string }) => onLine(message),
  });
  const hooks = { unsafeHandleRuntimeRestart: () => restarted() };
  const children: ChildProcess[] = [];
  const miniflare = family.run(children, () => new Miniflare({ ...options, ...hooks }));
  const { origin } = await miniflare.ready;
  return {
    url: origin,
    sweep: async () => {
      const worker = (await miniflare.getWorker()) as unknown as {
        scheduled(event: object): Promise<unknown>;
      };
      await worker.scheduled({ cron: "0 * * * *" });
    },
    kill: async () => {
      const fresh = new Promise<void>((done) => {
        restarted = done;
      });
      workerd(children).kill("SIGKILL");
      await fresh;
    },
    stop: async () => {
      await miniflare.dispose();
      await rm(persisted, { recursive: true, force: true });
    },
  };
}

const isSummary = ({ message }: Line) => message === "sweep finished";

function parse(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return { message: line };
  }
}

/** Asks until there is a value; gives up after half a second of `missing`. */
async function until<A>(read: () => A | undefined, missing: () => boolean): Promise<A | undefined> {
  for (let waited = 0; waited < 500 || !missing(); waited += 5) {
    const value = read();
    if (value !== undefined) return value;
    await new Promise((done) => setTimeout(done, 5));
  }
  return undefined;
}

/** The one of wrangler.toml. */
export async function compatibilityDate(): Promise<string> {
  const found = /^compatibility_date = "(.+)"$/m.exec(await readFile("wrangler.toml", "utf8"))?.[1];
  if (found === undefined) throw new Error("wrangler.toml has no compatibility_date");
  return found;
}

// Miniflare keeps its workerd to itself, but Node tells of every child that is made, and the context tells for whom.
const family = new AsyncLocalStorage<ChildProcess[]>();
subscribe("child_process", (message) => {
  family.getStore()?.push((message as { process: ChildProcess }).process);
});

function workerd(children: ReadonlyArray<ChildProcess>): ChildProcess {
  const child = children.findLast(({ spawnfile }) => /workerd[^/]*$/.test(spawnfile ?? ""));
  if (child === undefined) throw new Error("Miniflare has started no workerd");
  return child;
}
