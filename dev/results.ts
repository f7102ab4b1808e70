/**
 * `npm run results`: what the suites have shown since the last `npm ci`, as one table. A suite writes a row to
 * .dev/results; running it again replaces the row.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const FOLDER = resolve(import.meta.dirname, "../.dev/results");

/** One run: what was tested, on what, and how many tests passed and failed. Columns are those that any row has. */
export interface Row extends Readonly<Record<string, string | number>> {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
}

/** Writes the row of a run. `name`: the same for every run of the same. */
export const writeRow = (name: string, row: Row): void => {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(row)}\n`);
};

/** The rows as a table; the counts stand last. */
export const tableOf = (rows: ReadonlyArray<Row>): string => {
  const counts = ["passed", "failed"];
  const names = [...new Set(rows.flatMap(Object.keys))].filter((name) => !counts.includes(name));
  const lines = [
    [...names, ...counts],
    ...rows.map((row) => [...names, ...counts].map((name) => String(row[name] ?? ""))),
  ];
  const widths = [...names, ...counts].map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

if (import.meta.main && !existsSync(FOLDER)) {
  console.log("No suite has written down what it has shown: npm test and npm run runtimes do.");
} else if (import.meta.main) {
  const files = readdirSync(FOLDER, { recursive: false }).map(String).toSorted();
  const rows = files.map((file) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Row);
  console.log(tableOf(rows));
}
