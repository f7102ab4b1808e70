/**
 * `npm run check:deploy`: what `wrangler deploy` would do, at the top level of wrangler.toml and in each environment, without
 * doing it. Whatever wrangler warns of is an error here: a binding, a variable or a secret that an environment does not
 * inherit and does not name. What one of them has by name, all have.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dryRun } from "./dry-run.ts";

/** The names of the environments of a wrangler.toml; the top level is the empty one. */
export const environmentsOf = (toml: string): ReadonlyArray<string> => {
  const named = [...toml.matchAll(/^\[+env\.([\w-]+)/gm)].map(([, name = ""]) => name);
  return ["", ...new Set(named)];
};

/** What a dry run has said: its warnings, and what the Worker would have access to, by name. */
export const read = (output: string) => {
  const lines = output.split("\n").map((line) => line.trim());
  return {
    warnings: lines.filter((line) => /\bWARNING\b|is not inherited|exists at the top level/.test(line)),
    bindings: lines.flatMap((line) => /^env\.(\w+)/.exec(line)?.[1] ?? []).toSorted(),
  };
};

/** What is wrong with the environments, a sentence each. `outputs`: of a dry run of each. */
export const wrongEnvironments = (outputs: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const expected = read(outputs[""] ?? "").bindings.join(", ");
  return Object.entries(outputs).flatMap(([name, output]) => {
    const where = name === "" ? "the top level" : `env.${name}`;
    const { warnings, bindings } = read(output);
    const has = bindings.join(", ");
    return [
      ...warnings.map((warning) => `${where}: ${warning}`),
      ...(has === expected ? [] : [`${where} has ${has}, and the top level has ${expected}`]),
    ];
  });
};

const root = join(import.meta.dirname, "../..");

/** Where an environment is built. */
const folderOf = (environment: string) => join(".dev", environment === "" ? "build" : `build-${environment}`);

if (import.meta.main) {
  const names = environmentsOf(readFileSync(join(root, "wrangler.toml"), "utf8"));
  const outputs: Record<string, string> = {};
  for (const name of names) outputs[name] = await dryRun(root, ["--env", name], folderOf(name));
  const wrong = wrongEnvironments(outputs);
  for (const sentence of wrong) console.error(sentence);
  if (wrong.length === 0)
    console.log(`wrangler would deploy ${names.length} environments as they should be.`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
