/**
 * Shows that the tests have teeth: `npm run mutants`. Puts each mutation of mutations.ts into a copy of the tree, and
 * runs the simulation and, where that holds, the unit tests, or the contract on PostgreSQL, against it. A mutant that survives is a failure.
 *
 * A mutation whose text is not in the sources any more is an error, before anything runs.
 *
 * ONLY=<pattern> takes the mutations whose name it fits; HISTORIES (20000) is how long the model looks for each.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { apply } from "./apply.ts";
import { type Mutation, mutations } from "./mutations.ts";

const root = join(import.meta.dirname, "../..");
const HISTORIES = process.env.HISTORIES ?? "20000";

/** Tests of the repository look at what is not copied, and judge no program. */
const UNIT = ["--project", "unit", "--exclude", "**/{repository/**,simulation.test.ts}"];
const CONTRACT = ["--project", "contract"];

const copy = await mkdtemp(join(tmpdir(), "mutants-"));
try {
  for (const name of await sources()) await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  for (const { name, edits } of mutations) {
    for (const edit of edits) apply(edit, await readFile(join(copy, edit.file), "utf8"), name);
  }
  await assertSound();
  const only = new RegExp(process.env.ONLY ?? "");
  let survivors = 0;
  let judged = 0;
  for (const mutation of mutations.filter(({ name }) => only.test(name))) {
    const verdict = await judge(mutation);
    judged += 1;
    if (!verdict.caught) survivors += 1;
    console.log(`${verdict.caught ? "caught  " : "SURVIVED"}  ${mutation.name}\n            ${verdict.how}`);
  }
  console.log(`${judged - survivors} passed, ${survivors} failed`);
  process.exitCode = survivors === 0 ? 0 : 1;
} finally {
  await rm(copy, { recursive: true, force: true });
}

/** Every file of the repository, also one that is not committed yet; nothing that git ignores. */
async function sources(): Promise<ReadonlyArray<string>> {
  const { stdout } = await promisify(execFile)(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root, maxBuffer: 1 << 24 },
  );
  return stdout.split("\0").filter((name) => existsSync(join(root, name)) && name !== "");
}

/** The copy as it is: a test that fails without a mutation would pass for one that catches every one. */
async function assertSound(): Promise<void> {
  const found = await model();
  const verdicts = [found, await tests(UNIT), await tests(CONTRACT)];
  const unsound = verdicts.filter(({ caught }) => caught);
  if (unsound.length > 0)
    throw new Error(`without any mutation: ${unsound.map(({ how }) => how).join("; ")}`);
  console.log("sound     without a mutation everything holds");
}

interface Verdict {
  readonly caught: boolean;
  readonly how: string;
}

async function judge({ name, edits, by }: Mutation): Promise<Verdict> {
  const files = [...new Set(edits.map(({ file }) => file))];
  const originals = new Map<string, string>();
  for (const file of files) originals.set(file, await readFile(join(copy, file), "utf8"));
  try {
    for (const edit of edits) {
      const path = join(copy, edit.file);
      await writeFile(path, apply(edit, await readFile(path, "utf8"), name));
    }
    if (by === "postgres") {
      // What a statement does may be a function's, which is made of it.
      await run("dev/functions.ts", [], {});
      return await tests(CONTRACT);
    }
    const found = await model();
    if (found.caught) return found;
    const failed = await tests(UNIT);
    return { caught: failed.caught, how: `${found.how}; ${failed.how}` };
  } finally {
    for (const [file, text] of originals) await writeFile(join(copy, file), text);
    await run("dev/functions.ts", [], {});
  }
}

async function model(): Promise<Verdict> {
  const output = await run("test/simulation/prove.ts", [], { HISTORIES, SEED: "1", REPLAYED: "0" });
  const after = output.match(/does not hold, after (\d+) histories/)?.[1];
  const first = output.match(/^ {2}! \S+ (.*)$/m)?.[1];
  const how = after === undefined ? "the model holds" : `the model after ${after} histories: ${first}`;
  return { caught: after !== undefined, how };
}

async function tests(selection: ReadonlyArray<string>): Promise<Verdict> {
  const report = join(copy, "report.json");
  await rm(report, { force: true });
  await run(
    "node_modules/vitest/vitest.mjs",
    ["run", "--reporter=json", `--outputFile=${report}`, ...selection],
    {},
  );
  const { testResults, numTotalTests } = JSON.parse(await readFile(report, "utf8")) as Report;
  if (numTotalTests === 0) throw new Error(`no test was run: ${selection.join(" ")}`);
  const failed = testResults.flatMap(({ name, status, assertionResults }) => [
    ...assertionResults.filter((test) => test.status === "failed").map(({ fullName }) => fullName),
    ...(status === "failed" && assertionResults.length === 0 ? [name] : []),
  ]);
  const how =
    failed.length === 0 ? "no other test fails" : `${failed.length} tests fail, first "${failed[0]}"`;
  return { caught: failed.length > 0, how };
}

interface Report {
  readonly numTotalTests: number;
  readonly testResults: ReadonlyArray<{
    readonly name: string;
    readonly status: string;
    readonly assertionResults: ReadonlyArray<{ readonly fullName: string; readonly status: string }>;
  }>;
}

function run(script: string, more: ReadonlyArray<string>, env: Record<string, string>): Promise<string> {
  const options = { cwd: copy, env: { ...process.env, ...env }, maxBuffer: 1 << 28 };
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...more], options, (_, stdout) => resolve(stdout));
  });
}
