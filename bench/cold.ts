/** What an isolate costs before its first answer: its size, and time of the processor from the start to that answer. */
import { BUDGET_KIB } from "../dev/check/bundle.ts";
import type { Options } from "./figures.ts";
import { registerAtOnce } from "./load.ts";
import { medianOf, ratios, spreadOf, written } from "./numbers.ts";
import type { Row } from "./report.ts";
import type { Stage } from "./stage.ts";
import { inTurn, withSubject } from "./subjects.ts";

const NAMES = ["empty", "plain", "ours"] as const;

export const run = async (
  stage: Stage,
  sizes: Readonly<Record<"ours" | "hyperdrive" | "plain", number>>,
  { quick }: Options,
): Promise<ReadonlyArray<Row>> => {
  const used: Record<(typeof NAMES)[number], Array<number>> = { empty: [], plain: [], ours: [] };
  for (let round = 0; round < (quick ? 1 : 11); round++)
    for (const name of inTurn(NAMES, round))
      used[name].push(
        await withSubject(name, stage, async ({ url, cpu }) => {
          await registerAtOnce({ url, token: stage.token }, 1, 1);
          return cpu();
        }),
      );
  const empty = medianOf(used.empty);
  const net = (name: "plain" | "ours") => used[name].map((time) => time - empty);
  const ratio = spreadOf(ratios(net("ours"), net("plain")));
  const size = (name: "ours" | "hyperdrive"): Row => ({
    figure: `Size as deployed, compressed: ${name === "ours" ? "with Neon's driver" : "behind Hyperdrive"}`,
    value: `${sizes[name].toFixed(1)} KiB`,
    target: `≤ ${BUDGET_KIB} KiB`,
    met: sizes[name] <= BUDGET_KIB,
    note: `plain ${sizes.plain.toFixed(1)} KiB`,
  });
  return [
    size("ours"),
    size("hyperdrive"),
    {
      figure: "CPU from the start to the first registration, less an empty Worker's, against plain",
      value: written(ratio, " ×"),
      target: "≤ 1.3 ×",
      met: ratio.median <= 1.3,
      note: `ours ${written(spreadOf(net("ours")))}, plain ${written(spreadOf(net("plain")))} ms; an empty Worker ${empty.toFixed(0)} ms`,
    },
  ];
};
