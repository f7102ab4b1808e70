/** What is in the graph of a process outside Workers: no module that only Workers have. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { parseSync } from "oxc-parser";

interface Specified {
  readonly moduleRequest: { readonly value: string };
}

/** Every module that a file of src/ loads, packages included. What is a type only, is not loaded. */
const loadedBy = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
  seen.add(file);
  const { module } = parseSync(file, readFileSync(file, "utf8"));
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.filter(({ isType, moduleRequest }) => !isType && moduleRequest !== null),
  );
  const imported = module.staticImports.filter(
    ({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType),
  );
  for (const { moduleRequest } of [...imported, ...exported] as ReadonlyArray<Specified>) {
    const { value } = moduleRequest;
    const target = value.startsWith(".") ? join(dirname(file), value) : value;
    if (seen.has(target)) continue;
    if (value.startsWith(".")) loadedBy(target, seen);
    else seen.add(target);
  }
  return seen;
};

const ofWorkers = (file: string) => [...loadedBy(file)].filter((name) => name.startsWith("cloudflare:"));

describe("the graph of a process of its own", () => {
  it("has nothing that only Workers have", () => {
    assert.deepStrictEqual(ofWorkers("src/layers/server.ts"), []);
    assert.include([...loadedBy("src/layers/server.ts")], "src/adapters/postgres/ledger.ts");
  });

  it("would be seen if it had: that of Workers has", () => {
    assert.deepStrictEqual(ofWorkers("src/layers/workers.ts"), ["cloudflare:workers"]);
  });
});
