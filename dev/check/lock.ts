/**
 * `npm run check:lock`: every package-lock.json holds no download address, and an integrity hash for every package, those
 * of other platforms included.
 */
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

interface Package {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
}

/** What is wrong with the text of a lock file, a sentence each. */
export const wrongInLock = (text: string): ReadonlyArray<string> => {
  const { packages } = JSON.parse(text) as { packages: Record<string, Package> };
  return Object.entries(packages)
    .filter(([path]) => path !== "")
    .flatMap(([path, { version, resolved, integrity }]) => {
      const name = `${path.split("node_modules/").at(-1)}@${version}`;
      return [
        ...(resolved === undefined ? [] : [`${name} records a download address`]),
        ...(integrity === undefined ? [`${name} has no integrity hash`] : []),
      ];
    });
};

/** The lock files of a tree. */
export const lockFiles = (root: string): ReadonlyArray<string> =>
  globSync("**/package-lock.json", { cwd: root, exclude: ["**/node_modules"] });

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "../..");
  const wrong = lockFiles(root).flatMap((file) =>
    wrongInLock(readFileSync(join(root, file), "utf8")).map((sentence) => `${file}: ${sentence}`),
  );
  for (const sentence of wrong) console.error(sentence);
  if (wrong.length === 0)
    console.log("Every package of the lock files has its hash, and none a download address.");
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
