/** `bench/results.md`: every figure with its target beside it, and the machine that it was measured on. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";

/** A line of the table. */
export interface Row {
  readonly figure: string;
  readonly value: string;
  /** Empty: it is there to be compared with. */
  readonly target: string;
  /** Undefined where there is no target. */
  readonly met?: boolean;
  readonly note?: string;
}

/** A part of the bench, which can be run alone. */
export interface Part {
  readonly name: string;
  readonly title: string;
}

const FILE = join(import.meta.dirname, "results.md");

const HEAD = `# Results

Written by \`npm run bench\`; [docs/performance.md](../docs/performance.md) says how to read them. A figure in brackets is the
spread over the rounds of one run. Ratios are the result: absolute figures are of the machine.
`;

const mark = ({ met }: Row): string => (met === undefined ? "" : met ? "yes" : "**no**");

/** Figures as a table of Markdown. */
export const table = (rows: ReadonlyArray<Row>): string =>
  `| figure | measured | target | met | |
|---|---|---|---|---|
${rows.map((row) => `| ${row.figure} | ${row.value} | ${row.target} | ${mark(row)} | ${row.note ?? ""} |`).join("\n")}`;

/** The table of a part, with when and where it was measured. */
export const section = ({ title }: Part, rows: ReadonlyArray<Row>, where: string): string => `## ${title}

${where}

${table(rows)}
`;

/** Where it was measured. `busy`: the load of the machine before the bench began, in processes. */
export const machine = (busy: number): string => {
  const [first] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, ${cpus().length} cores (${first?.model ?? "?"}), ${memory} GiB, ${process.platform} ${release()}, Node ${process.version}; ${busy.toFixed(1)} other processes wanted a core when it began.`;
};

const begins = ({ name }: Part) => `<!-- ${name} -->`;
const ends = ({ name }: Part) => `<!-- end of ${name} -->`;

/** The document with a part written anew; parts that were not run stay as they were. */
export const withPart = (document: string, part: Part, text: string): string => {
  const whole = `${begins(part)}\n\n${text}\n${ends(part)}`;
  const from = document.indexOf(begins(part));
  const to = document.indexOf(ends(part));
  if (from < 0 || to < 0) return `${document.trimEnd()}\n\n${whole}\n`;
  return document.slice(0, from) + whole + document.slice(to + ends(part).length);
};

/** Writes a part of the document. */
export const write = (part: Part, rows: ReadonlyArray<Row>, where: string): void => {
  const before = existsSync(FILE) ? readFileSync(FILE, "utf8") : HEAD;
  writeFileSync(FILE, withPart(before, part, section(part, rows, where)));
};
