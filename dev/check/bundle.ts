/**
 * `npm run check:bundle`: how large each Worker is as `wrangler deploy` would send it, and what it is made of, by
 * dependency. Fails where one is larger than the budget: an isolate reads and runs all of it before its first answer.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { dryRun, METAFILE } from "./dry-run.ts";

/** The largest a Worker may be, in KiB, compressed as Cloudflare counts it. */
export const BUDGET_KIB = 245;

/** The entries for Workers, below the root. */
export const WORKERS = ["src/worker.ts", "src/worker-hyperdrive.ts"];

/** What esbuild tells of a bundle (wrangler's `--metafile`): how many bytes of which file are in it. */
export interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

/** One part of a bundle: a package, or the source itself. */
export interface Part {
  readonly name: string;
  readonly bytes: number;
}

/** The package that a file belongs to; what belongs to none is the source. */
const packageOf = (path: string): string => {
  const [scope = "", name] = path.split("node_modules/").at(-1)?.split("/") ?? [];
  if (!path.includes("node_modules/")) return "src";
  return scope.startsWith("@") ? `${scope}/${name}` : scope;
};

/** The parts of a bundle, the largest first. */
export const partsOf = ({ outputs }: Metafile): ReadonlyArray<Part> => {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const sizes = Map.groupBy(files, ([path]) => packageOf(path));
  return [...sizes]
    .map(([name, of]) => ({ name, bytes: of.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0) }))
    .filter(({ bytes }) => bytes > 0)
    .toSorted((one, other) => other.bytes - one.bytes);
};

/** The compressed size that wrangler has printed, in KiB. */
export const sizeIn = (output: string): number => {
  const size = Number(/gzip: ([\d.]+) KiB/.exec(output)?.[1]);
  if (!(size > 0)) throw new Error(`wrangler has told no size: ${output}`);
  return size;
};

/** A Worker as it would be deployed. */
export interface Bundle {
  readonly entry: string;
  /** In KiB, compressed. */
  readonly size: number;
  readonly parts: ReadonlyArray<Part>;
}

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;

/** What is told of a Worker: its size, and each part's before compression. */
export const describe = ({ entry, size, parts }: Bundle, budget = BUDGET_KIB): ReadonlyArray<string> => [
  `${entry}: ${size.toFixed(1)} KiB compressed, of ${budget} KiB`,
  ...parts.map(({ name, bytes }) => `  ${kib(bytes).padStart(10)}  ${name}`),
];

/** A sentence for each Worker that is larger than the budget. */
export const tooLarge = (bundles: ReadonlyArray<Bundle>, budget = BUDGET_KIB): ReadonlyArray<string> =>
  bundles
    .filter(({ size }) => size > budget)
    .map(
      ({ entry, size }) =>
        `${entry} is ${size.toFixed(1)} KiB compressed, more than the budget of ${budget} KiB`,
    );

/** Where a Worker is built, in a folder of the tree at `root`. */
export const builtFrom = (root: string, entry: string, folder = FOLDER): string => {
  const name = basename(entry, ".ts");
  return join(root, folder, name, `${name}.js`);
};

const FOLDER = ".dev/bundle";

/**
 * Builds one Worker as `wrangler deploy` would, in the tree at `root`, into a folder below it. `options`: what wrangler is told
 * besides.
 */
export const bundle = async (
  root: string,
  entry: string,
  options: ReadonlyArray<string> = ["--env", ""],
  below = FOLDER,
): Promise<Bundle> => {
  const folder = dirname(builtFrom(root, entry, below));
  const output = await dryRun(root, [entry, ...options], folder);
  const meta = JSON.parse(readFileSync(join(folder, METAFILE), "utf8")) as Metafile;
  return { entry, size: sizeIn(output), parts: partsOf(meta) };
};

if (import.meta.main) {
  const root = join(import.meta.dirname, "../..");
  const bundles = await Promise.all(WORKERS.map((entry) => bundle(root, entry)));
  for (const one of bundles) console.log(describe(one).join("\n"));
  const wrong = tooLarge(bundles);
  for (const sentence of wrong) console.error(sentence);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
