/** Ten minutes at half of what the machine can, with the sweeper awake: whether rate, memory and the slowest stay as they are. */
import type { Options } from "./figures.ts";
import { registerAtOnce, registerAtRate } from "./load.ts";
import { quantile } from "./numbers.ts";
import type { Row } from "./report.ts";
import type { Stage } from "./stage.ts";
import { withSubject } from "./subjects.ts";

export const run = (stage: Stage, { quick }: Options): Promise<ReadonlyArray<Row>> =>
  withSubject("ours", stage, async ({ url, memory }) => {
    const target = { url, token: stage.token };
    const number = quick ? 40 : 500;
    await registerAtOnce(target, number, 32);
    const began = performance.now();
    await registerAtOnce(target, number, 32);
    await stage.settled();
    const most = (number * 1000) / (performance.now() - began);
    const perSecond = Math.max(1, most / 2);
    const parts = quick ? 2 : 10;
    const seconds = quick ? 2 : 60;
    const rows: Array<Row> = [];
    for (let part = 1; part <= parts; part++) {
      const { latencies, failures, elapsed } = await registerAtRate(target, perSecond, seconds);
      const failed = [...failures.values()].reduce((sum, n) => sum + n, 0);
      rows.push({
        figure: `Minute ${part} at ${perSecond.toFixed(0)} a second`,
        value: `${((latencies.length * 1000) / elapsed).toFixed(1)} a second, half within ${quantile(latencies, 0.5).toFixed(0)} ms, 99 % within ${quantile(latencies, 0.99).toFixed(0)} ms, ${memory().now.toFixed(0)} MiB`,
        target: "no failure",
        met: failed === 0,
        ...(failed > 0 && { note: `failures by status: ${JSON.stringify([...failures])}` }),
      });
    }
    return rows;
  });
