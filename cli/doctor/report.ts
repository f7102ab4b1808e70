/** The report, for people and for programs. */
import { styleText } from "node:util";
import type { Finding } from "./check.ts";
import { AREAS } from "./checks/all.ts";

const COLOURS = { ok: "green", warning: "yellow", wrong: "red", "not asked": "gray" } as const;

type Counts = Readonly<Record<Finding["status"], number>>;

/** How many findings there are of each kind. */
function count(findings: ReadonlyArray<Finding>): Counts {
  const counts = { ok: 0, warning: 0, wrong: 0, "not asked": 0 };
  for (const { status } of findings) counts[status] += 1;
  return counts;
}

const paint = (style: Parameters<typeof styleText>[0], text: string) =>
  styleText(style, text, { stream: process.stdout });

const STATUS_WIDTH = "not asked".length;

/** Whether what was found is good enough. `strict`: warnings, and what could not be asked, count as wrong. */
export function isGood(findings: ReadonlyArray<Finding>, strict = false): boolean {
  const { warning, wrong, "not asked": notAsked } = count(findings);
  return wrong === 0 && (!strict || warning + notAsked === 0);
}

/** The findings by area, each with what it says, and below it how to mend what is not right. */
export function report(findings: ReadonlyArray<Finding>): string {
  const width = Math.max(0, ...findings.map(({ title }) => title.length));
  const line = ({ status, title, says, mend }: Finding) => {
    const first = `  ${paint(COLOURS[status], status.padEnd(STATUS_WIDTH))}  ${title.padEnd(width)}  ${says}`;
    return mend === undefined ? [first] : [first, `${" ".repeat(STATUS_WIDTH + width + 6)}${mend}`];
  };
  const parts = Object.entries(AREAS).flatMap(([area, { title }]) => {
    const own = findings.filter(({ check }) => check.startsWith(`${area}.`));
    return own.length === 0 ? [] : [paint("bold", title), ...own.flatMap(line), ""];
  });
  return [...parts, summary(findings)].join("\n");
}

function summary(findings: ReadonlyArray<Finding>): string {
  const counts = count(findings);
  const parts = Object.entries(counts).filter(([, number]) => number > 0);
  return parts
    .map(([status, number]) => paint(COLOURS[status as Finding["status"]], `${number} ${status}`))
    .join(", ");
}

/** The same as one JSON document. */
export const json = (findings: ReadonlyArray<Finding>): string =>
  JSON.stringify({ summary: count(findings), findings }, null, 2);
