/**
 * The failure matrix as Markdown: `node test/matrix/table.ts --write` puts it between the markers of
 * docs/failure-matrix.md; a test fails while file and data differ.
 */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { backgroundScenes } from "./background.ts";
import { type Class, cellsOf, classes, type Promised, type Scene } from "./cell.ts";
import { groups } from "./pairs.ts";
import { requestScenes } from "./requests.ts";

const document = resolve(import.meta.dirname, "../../docs/failure-matrix.md");
const [begin, end] = ["<!-- matrix:begin -->", "<!-- matrix:end -->"];

/** What the caller hears, then where it ends, then who closed it: "503 · nothing · sweeper". */
const words = ([heard, result, by, mails]: Promised): string => {
  const answer = { none: "–", any: "200 or –" }[heard as string] ?? heard;
  return `${answer} · ${result} · ${by}${mails === undefined ? "" : ` · ${mails} mails`}`;
};

const row = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`;
const ruled = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

const singles = (title: string, scenes: ReadonlyArray<Scene>, without: ReadonlyArray<Class> = []) => {
  const columns = classes.filter((one) => !without.includes(one));
  const rows = scenes.map(({ name, given, promised }) => [
    given === undefined ? `**${name}**` : `**${name}**, ${given}`,
    ...columns.map((one) => {
      const promise = promised[one];
      return promise === undefined ? "" : words(promise);
    }),
  ]);
  return `### ${title}\n\n${ruled(["call", ...columns], rows)}`;
};

/** The whole table. */
export function table(): string {
  const of = (phase: Scene["phase"]) => backgroundScenes.filter((scene) => scene.phase === phase);
  const single = [...requestScenes, ...backgroundScenes].flatMap(cellsOf).length;
  const paired = groups.flatMap(({ cells }) => cells).length;
  const pairs = groups.map(
    ({ name, cells }) =>
      `#### ${name}\n\n${ruled(
        ["faults", "answer · end · closed by"],
        cells.map(({ title, promised }) => [title, words(promised)]),
      )}`,
  );
  return [
    `${single + paired} cells: ${single} with one fault, ${paired} with faults that meet.`,
    singles("Calls of a request", requestScenes),
    singles("After the 200, and others' attempts", of("request")),
    singles("Calls of the sweeper", of("sweep"), ["client gone"]),
    "### Faults that meet",
    ...pairs,
  ].join("\n\n");
}

/** The document in three parts. */
export async function readDocument() {
  const text = await readFile(document, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error("docs/failure-matrix.md has lost its markers");
  const start = from + begin.length;
  return { before: text.slice(0, start), between: text.slice(start, to).trim(), after: text.slice(to) };
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes("--write")) {
    const { before, after } = await readDocument();
    await writeFile(document, `${before}\n${table()}\n${after}`);
  } else console.log(table());
}
