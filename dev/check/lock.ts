/**
 * `npm run check:lock`: package-lock.json holds no download address, and an integrity hash for every package, those of
 * other platforms included.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

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

if (import.meta.main) {
  const file = resolve(import.meta.dirname, "../../package-lock.json");
  const wrong = wrongInLock(readFileSync(file, "utf8"));
  for (const sentence of wrong) console.error(sentence);
  if (wrong.length === 0)
    console.log("Every package of the lock file has its hash, and none a download address.");
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
