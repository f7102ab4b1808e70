/**
 * Packages of a folder's own package.json, which `npm ci` at the root leaves out: what only one command needs, and is large.
 * The command installs them when it is run.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

/** The packages of a lock file by their folders; the package itself is not one of them. */
const packagesOf = (file: string) => {
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as Lock;
  return Object.entries(packages).filter(([path]) => path !== "");
};

/** Whether npm has put there what the lock file names; what is for other platforms only it leaves out. */
const isCurrent = (folder: string): boolean => {
  try {
    const there = new Map(packagesOf(join(folder, "node_modules/.package-lock.json")));
    return packagesOf(join(folder, "package-lock.json")).every(([path, { version, optional }]) => {
      const found = there.get(path);
      return found === undefined ? optional === true : found.version === version;
    });
  } catch {
    return false;
  }
};

interface How {
  /** Whether the packages may run scripts of their own while they are installed. */
  readonly scripts?: boolean;
}

/** Installs a folder's packages unless they are there. Ends the process, with a sentence, where npm cannot. `what`: their names. */
export const installNested = (folder: string, what: string, { scripts = false }: How = {}): void => {
  if (isCurrent(folder)) return;
  const below = relative(join(import.meta.dirname, ".."), folder);
  console.log(`${what} installed below ${below} …`);
  const args = ["ci", "--no-audit", "--no-fund", ...(scripts ? [] : ["--ignore-scripts"])];
  const { status } = spawnSync("npm", args, { cwd: folder, stdio: "inherit" });
  if (status === 0) return;
  console.error(`They could not be installed. Run "npm ci" in ${below} to see why.`);
  process.exit(1);
};
