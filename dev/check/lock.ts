/**
 * `npm run check:lock`: package-lock.json holds no download address, and an integrity hash for every package. Packages
 * for one platform alone may lack it: a registry need not have those of other platforms, and then npm knows no hash.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

interface Package {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly os?: ReadonlyArray<string>;
  readonly cpu?: ReadonlyArray<string>;
}

/** The text of a lock file: what is wrong with it, and which packages for one platform have no hash. */
export const judgeLock = (text: string): { readonly wrong: string[]; readonly unhashed: string[] } => {
  const { packages } = JSON.parse(text) as { packages: Record<string, Package> };
  const wrong: string[] = [];
  const unhashed: string[] = [];
  for (const [path, one] of Object.entries(packages)) {
    if (path === "") continue;
    const name = `${path.split("node_modules/").at(-1)}@${one.version}`;
    if (one.resolved !== undefined) wrong.push(`${name} records a download address`);
    if (one.integrity !== undefined) continue;
    if (one.os === undefined && one.cpu === undefined) wrong.push(`${name} has no integrity hash`);
    else unhashed.push(name);
  }
  return { wrong, unhashed };
};

if (import.meta.main) {
  const file = resolve(import.meta.dirname, "../../package-lock.json");
  const { wrong, unhashed } = judgeLock(readFileSync(file, "utf8"));
  for (const sentence of wrong) console.error(sentence);
  if (wrong.length === 0)
    console.log("Every package of the lock file has its hash, and none a download address.");
  if (unhashed.length > 0) console.log(`Without a hash, for other platforms: ${unhashed.join(", ")}`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
