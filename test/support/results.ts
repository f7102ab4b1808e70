/**
 * What a run of the tests has shown, as rows for `npm run results`: one for each project and each part that it was shown on,
 * an adapter, a shape of the tables or a kind of pool. A suite that runs on several says which before a colon, as in
 * "Neon over HTTP: Ledger moves"; the others are one row together.
 */
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";
import { writeRow } from "../../dev/results.ts";

/** Only what a command of package.json runs replaces rows: a part of it shows less. */
const isWhole = process.argv
  .slice(2)
  .every(
    (word, at, words) =>
      /^(run|--project|--exclude)$/.test(word) || /^--(project|exclude)$/.test(words[at - 1] ?? ""),
  );

/** The part that a test's outermost suite names. */
export const partOf = (title: string): string => /^([^:]+): /.exec(title)?.[1] ?? "";

const outermost = (test: TestCase): string => {
  let title = "";
  for (let at: TestCase | TestSuite | TestModule = test; at.type !== "module"; at = at.parent)
    title = at.name;
  return title;
};

export class Results implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    if (!isWhole) return;
    const rows = new Map<string, { suite: string; on: string; passed: number; failed: number }>();
    for (const module of modules)
      for (const test of module.children.allTests()) {
        const [suite, on] = [module.project.name, partOf(outermost(test))];
        const key = `${suite}-${on}`;
        const row = rows.get(key) ?? { suite, on, passed: 0, failed: 0 };
        const { state } = test.result();
        if (state === "passed") row.passed += 1;
        if (state === "failed") row.failed += 1;
        rows.set(key, row);
      }
    for (const [key, row] of rows) writeRow(key.replaceAll(/\W+/g, "-"), row);
  }
}
