/**
 * What a registration costs: time of the processor in the Worker and in PostgreSQL, registrations a second, and memory, each
 * against *plain*; and the same of the service's other shapes.
 */
import { isInstalled, RUNTIMES, versionOf } from "../dev/runtimes.ts";
import type { Options } from "./figures.ts";
import { registerAtOnce } from "./load.ts";
import { ratios, spreadOf, written } from "./numbers.ts";
import type { Row } from "./report.ts";
import type { Stage } from "./stage.ts";
import { inTurn, type SubjectName, withSubject } from "./subjects.ts";

/** What one subject has shown in one round, by registration where it is time. */
interface Cost {
  /** Milliseconds of the processor before the answer, and what begins what follows it. */
  readonly callersPath: number;
  /** Milliseconds of the processor in all. */
  readonly all: number;
  /** Milliseconds of PostgreSQL's. */
  readonly database: number;
  /** Registrations a second, with what follows them. */
  readonly rate: number;
  /** MiB, after all of them. */
  readonly memory: number;
}

const measure = (name: SubjectName, stage: Stage, { number, warmUp }: Size, atOnce: number): Promise<Cost> =>
  withSubject(name, stage, async ({ url, cpu, memory }) => {
    const target = { url, token: stage.token };
    await registerAtOnce(target, warmUp, atOnce);
    await stage.settled();

    await stage.order({ cutsBackground: true });
    const cutFrom = cpu();
    await registerAtOnce(target, number, atOnce);
    await stage.settled();
    const callersPath = (cpu() - cutFrom) / number;
    await stage.order({ cutsBackground: false });

    const from = cpu();
    const databaseFrom = stage.databaseCpu();
    const began = performance.now();
    await registerAtOnce(target, number, atOnce);
    await stage.settled();
    const elapsed = performance.now() - began - stage.quietMs;
    return {
      callersPath,
      all: (cpu() - from) / number,
      database: (stage.databaseCpu() - databaseFrom) / number,
      rate: (number * 1000) / elapsed,
      memory: memory().now,
    };
  });

interface Size {
  readonly number: number;
  readonly warmUp: number;
}

/** Of the shapes that are compared with nobody. */
const OTHERS: Size = { number: 100, warmUp: 300 };

/** What stands beside the figures of the Worker that finds no Hyperdrive here. */
const CONNECTS = "no Hyperdrive lends it connections here: each request makes one, signs in, and plans anew";

const AT_ONCE = [1, 16, 128] as const;

const TARGETS = { callersPath: 1.25, all: 1.4, database: 2, rate: 0.75 };

/** Rounds of `ours` and `plain` by turns, at each number at once. */
export const run = async (stage: Stage, { quick }: Options): Promise<ReadonlyArray<Row>> => {
  const rounds = quick ? 1 : 3;
  const size = quick ? { number: 20, warmUp: 20 } : { number: 200, warmUp: 600 };
  const rows: Array<Row> = [];
  for (const atOnce of quick ? [16] : AT_ONCE) {
    const costs: Record<"ours" | "plain", Array<Cost>> = { ours: [], plain: [] };
    for (let round = 0; round < rounds; round++)
      for (const name of inTurn(["ours", "plain"] as const, round))
        costs[name].push(await measure(name, stage, size, atOnce));
    const of = (name: "ours" | "plain", key: keyof Cost) => costs[name].map((cost) => cost[key]);
    const against = (key: keyof Cost) => spreadOf(ratios(of("ours", key), of("plain", key)));
    const note = (key: keyof Cost, unit: string) =>
      `ours ${written(spreadOf(of("ours", key)))}, plain ${written(spreadOf(of("plain", key)))} ${unit}`;
    const row = (figure: string, key: keyof typeof TARGETS, unit: string): Row => {
      const ratio = against(key);
      const target = TARGETS[key];
      const met = key === "rate" ? ratio.median >= target : ratio.median <= target;
      return {
        figure: `${figure}, ${atOnce} at once, against plain`,
        value: written(ratio, " ×"),
        target: `${key === "rate" ? "≥" : "≤"} ${target} ×`,
        met,
        note: note(key, unit),
      };
    };
    rows.push(row("CPU of workerd on the caller's path", "callersPath", "ms"));
    rows.push(row("CPU of workerd with all that follows", "all", "ms"));
    rows.push(row("CPU of PostgreSQL", "database", "ms"));
    rows.push(row("Registrations a second on this machine", "rate", "a second"));
    if (atOnce === 16)
      rows.push({ figure: "Memory of workerd after them", value: note("memory", "MiB"), target: "" });
  }
  const other = async (name: SubjectName, figure: string, note: string) => {
    const cost = await measure(name, stage, quick ? size : OTHERS, 16);
    const value = `${cost.callersPath.toFixed(2)} ms on the caller's path, ${cost.all.toFixed(2)} ms in all, ${cost.database.toFixed(2)} ms of PostgreSQL, ${cost.rate.toFixed(0)} a second`;
    rows.push({ figure: `${figure}, 16 at once`, value, target: "", note });
  };
  await other("hyperdrive", "The Worker behind Hyperdrive", CONNECTS);
  for (const runtime of RUNTIMES) {
    if (isInstalled(runtime)) await other(runtime, `The server on ${versionOf(runtime)}, over \`pg\``, "");
    else console.log(`${runtime} is not installed, and not measured: npm run runtimes installs it.`);
  }
  return rows;
};
