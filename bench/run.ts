/**
 * `npm run bench`: measures the service by public means only, and writes bench/results.md. docs/performance.md says how to
 * read it. `--quick`: a moment of each, which shows that all of it runs; it writes nothing and says nothing of time.
 * `--only=<part>`: one part, whose section alone is written anew.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import * as cold from "./cold.ts";
import * as cost from "./cost.ts";
import { type Options, rowOf } from "./figures.ts";
import * as growth from "./growth.ts";
import * as latency from "./latency.ts";
import * as lock from "./lock.ts";
import { machine, type Part, type Row, section, write } from "./report.ts";
import { type Stage, startStage } from "./stage.ts";
import * as statements from "./statements.ts";
import { build } from "./subjects.ts";
import * as sustained from "./sustained.ts";

interface Measured extends Part {
  readonly measure: (options: Options) => Promise<ReadonlyArray<Row>>;
}

const onStage = async (use: (stage: Stage) => Promise<ReadonlyArray<Row>>): Promise<ReadonlyArray<Row>> => {
  const stage = await startStage();
  try {
    return await use(stage);
  } finally {
    await stage.stop();
  }
};

/** The parts of the bench that ask PostgreSQL alone. */
const inPostgres = Object.entries({ statements, lock, growth }).map(
  ([name, { run }]): Measured => ({
    name,
    title: `In PostgreSQL: ${name}`,
    measure: async (options) => (await run(options)).map(rowOf),
  }),
);

const PARTS: ReadonlyArray<Measured> = [
  {
    name: "worker",
    title: "In the Worker",
    measure: async (options) => {
      const sizes = await build();
      return onStage(async (stage) => [
        ...(await cold.run(stage, sizes, options)),
        ...(await latency.run(stage, options)),
        ...(await cost.run(stage, options)),
      ]);
    },
  },
  {
    name: "sustained",
    title: "Under load that goes on",
    measure: async (options) => {
      await build();
      return onStage((stage) => sustained.run(stage, options));
    },
  },
  ...inPostgres,
];

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, only: { type: "string" } },
});
const chosen = PARTS.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) throw new Error(`--only is one of ${PARTS.map(({ name }) => name).join(", ")}`);

for (const part of chosen) {
  const where = machine(loadavg()[0] ?? 0);
  const rows = await part.measure({ quick: values.quick });
  console.log(section(part, rows, where));
  if (!values.quick) write(part, rows, where);
}
