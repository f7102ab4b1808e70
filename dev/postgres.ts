/**
 * A real PostgreSQL 18 for one run: started in about a second on a free port of 127.0.0.1, thrown away by `stop`.
 * It trades durability for speed (no fsync), because nothing in it outlives the run: never point it at data you need.
 * It leaves no process and no file, not even when this process is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Binaries, findBinaries } from "./binaries.ts";
import { watchdog } from "./watchdog.ts";

/** A running server with one empty database, `registrar`. */
export interface Postgres {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves with the exit code and the server's last line if it ends without having been asked to. */
  readonly died: Promise<string>;
  /** Ends the server at once and removes its data; may be called twice. */
  stop(): Promise<void>;
}

const settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  fsync: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  autovacuum_naptime: "10s",
  timezone: "UTC",
  log_timezone: "UTC",
  logging_collector: "off",
  shared_buffers: "64MB",
};

/** Starts a server; every failure is one sentence with PostgreSQL's own last lines. */
export async function startPostgres(): Promise<Postgres> {
  const binaries = await findBinaries();
  const { uid, gid } = binaries.runAs;
  const home = await mkdtemp(join(binaries.tmp, "registrar-pg-"));
  try {
    const password = randomBytes(18).toString("base64url");
    const secret = join(home, "password");
    await writeFile(secret, password, { mode: 0o600 });
    if (uid !== undefined && gid !== undefined) {
      await chown(secret, uid, gid);
      await chown(home, uid, gid);
    }
    await chmod(home, 0o700);
    await initialise(binaries, home, secret);
    await rm(secret);
    return await listen(binaries, home, password);
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

async function initialise(binaries: Binaries, home: string, secret: string): Promise<void> {
  const child = run(binaries, binaries.initdb, home, [
    `--pgdata=${join(home, "data")}`,
    "--username=registrar",
    "--auth=scram-sha-256",
    `--pwfile=${secret}`,
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
  ]);
  const words = lastWords(child);
  const code = await ended(child);
  if (code !== 0) throw new Error(`PostgreSQL could not be initialised: ${words()}`);
}

async function listen(binaries: Binaries, home: string, password: string, attempt = 1): Promise<Postgres> {
  const port = await freePort();
  const flags = Object.entries({ ...settings, port: `${port}` }).flatMap(([k, v]) => ["-c", `${k}=${v}`]);
  const child = run(binaries, binaries.postgres, home, ["-D", join(home, "data"), ...flags]);
  const words = lastWords(child);
  const dismiss = watchdog(child, { ...binaries.runAs, signal: "QUIT", remove: home });
  const gone = ended(child);
  const ready = new Promise<boolean>((done) => {
    let seen = "";
    child.stderr?.on("data", (chunk) => {
      seen = (seen + chunk).slice(-4096);
      if (seen.includes("ready to accept connections")) done(true);
    });
    void gone.then(() => done(false));
  });
  if (!(await ready)) {
    if (attempt < 4 && /could not (bind|create any TCP)/.test(words())) {
      return listen(binaries, home, password, attempt + 1);
    }
    throw new Error(`PostgreSQL did not start: ${words()}`);
  }
  let asked = false;
  const stop = async () => {
    asked = true;
    child.kill("SIGQUIT");
    await gone;
    dismiss();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  let stopping: Promise<void> | undefined;
  const died = new Promise<string>((tell) => {
    void gone.then((code) => asked || tell(`${code ?? "killed"}; ${words().split(" | ").at(-1)}`));
  });
  return {
    url: `postgresql://registrar:${password}@127.0.0.1:${port}/postgres`,
    port,
    pid: child.pid ?? 0,
    died,
    stop: () => (stopping ??= stop()),
  };
}

function run(binaries: Binaries, program: string, home: string, args: string[]): ChildProcess {
  const { uid, gid } = binaries.runAs;
  return spawn(program, args, {
    cwd: home,
    // Its own group: a Ctrl-C must reach us first, so that the Worker goes before its database.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
}

function lastWords(child: ChildProcess): () => string {
  let text = "";
  const keep = (chunk: unknown) => {
    text = (text + String(chunk)).slice(-2000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  child.on("error", (error) => keep(error.message));
  return () => text.trim().split("\n").slice(-6).join(" | ") || "it said nothing";
}

const ended = (child: ChildProcess) =>
  new Promise<number | null>((done) => {
    child.once("error", () => done(null));
    child.once("exit", (code) => done(code));
  });

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}
