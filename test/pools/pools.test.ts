/**
 * The guarantee in every kind of pool: `npm run pools`, minutes. What was shown is in `.dev/pools.md`, a line a kind: `–` was not run,
 * because nobody can be created there, or because only some kinds were asked for.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { afterAll, describe, it } from "vitest";
import { POOL_KINDS, type PoolKind, type PoolTraits } from "../../dev/pool-kinds.ts";
import { patient, useWorker } from "../support/fixture.ts";
import { scenes, scenesOf } from "./scenes.ts";

const KINDS = Object.entries(POOL_KINDS) as [PoolKind, PoolTraits][];

/** The defaults of a deployment, where triggers take their time. */
const UNHURRIED = {
  COGNITO_TIMEOUT_MS: "4000",
  COGNITO_CREATE_TIMEOUT_MS: "15000",
  DATABASE_TIMEOUT_MS: "4000",
};

/** Calls that hang are given up soon. */
const HURRIED = { ...patient, COGNITO_CREATE_TIMEOUT_MS: "1000" };

/** What was shown, by kind and scene. */
const shown = new Map<string, string>();

describe.each(KINDS)("%s: the guarantee in such a pool", (kind, traits) => {
  const fixture = useWorker(traits.triggersTakeMs > 0 ? UNHURRIED : HURRIED, { pool: kind });
  for (const { name, title, run } of scenesOf(kind))
    it(title, async () => {
      shown.set(`${kind} ${name}`, "**fails**");
      await run(fixture, traits);
      shown.set(`${kind} ${name}`, "holds");
    }, 120_000);
});

afterAll(async () => {
  const names = scenes.map(({ name }) => name);
  const row = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`;
  const rows = KINDS.map(([kind, { means }]) => {
    const cells = names.map((name) => shown.get(`${kind} ${name}`) ?? "–");
    return row([`\`${kind}\``, means, ...cells]);
  });
  const table = [
    row(["kind", "what it is", ...names]),
    row(["---", "---", ...names.map(() => "---")]),
    ...rows,
  ];
  await mkdir(".dev", { recursive: true });
  await writeFile(".dev/pools.md", `${table.join("\n")}\n`);
  console.log(table.join("\n"));
});
