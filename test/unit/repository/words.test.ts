/** One word for one thing, and plain ones: what stands nowhere in the repository. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { parseSync } from "oxc-parser";

const tracked = execFileSync("git", ["ls-files"], { encoding: "utf8" }).trim().split("\n");
/** The licence is not ours to word; the lock file is npm's; this file names what it looks for; pictures have no words. */
const files = tracked.filter(
  (file) =>
    !/^(LICENSE|package-lock\.json|test\/unit\/repository\/words\.test\.ts|docs\/img\/.*)$/.test(file),
);

interface Rule {
  readonly what: string;
  readonly pattern: RegExp;
  /** Files that may have it, and why. */
  readonly except?: RegExp;
}

const rules: ReadonlyArray<Rule> = [
  { what: "a gendered pronoun: a user is they", pattern: /\b(?:he|she|his|hers?|him|himself|herself)\b/i },
  {
    what: "a document that is not in the repository",
    pattern: /\b(?:CONTRACT|PLATFORM|FIELD|STYLE|DESIGN)(?:\.md| \d)|\bgap \d+\b|\(row "|§/,
  },
  {
    what: "a word that the glossary has replaced",
    pattern:
      /\b(?:errands?|strangers?|last look|under watch|the law|settles?|settling|putOff|outlook|a retry heals|outcomeUnknown about|in doubt about)\b|\b(?:obtain|attend|tidy)\(/i,
    // What a version was called when it was released stays.
    except: /^CHANGELOG\.md$/,
  },
  {
    what: "Effect.fn where spanned does (src/ports/trace.ts)",
    pattern: /\bEffect\.fn\(/,
    except: /^(?!src\/)/,
  },
];

const found = (text: string, { pattern }: Rule): ReadonlyArray<string> =>
  text.split("\n").flatMap((line, index) => (pattern.test(line) ? [`${index + 1}: ${line.trim()}`] : []));

describe("no file has", () => {
  for (const rule of rules)
    it(rule.what, () => {
      const wrong = files
        .filter((file) => rule.except?.test(file) !== true)
        .flatMap((file) => found(readFileSync(file, "utf8"), rule).map((line) => `${file}:${line}`));
      assert.deepStrictEqual(wrong, []);
    });

  it.each([
    [0, "Deletes him by his sub."],
    [1, "As CONTRACT 3 says (gap 31)."],
    [1, "See § 4."],
    [2, "The errand is settled; a stranger settles it."],
    [2, "yield* tidy(operation);"],
    [3, 'const ask = Effect.fn("ask")(function* () {'],
  ] as const)("what rule %d would find: %s", (index, planted) => {
    const rule = rules[index];
    assert.isDefined(rule);
    assert.strictEqual(found(`one\n${planted}`, rule).length, 1);
  });
});

/** The lines of a text on which a literal is spread into another literal of its kind. */
const idleSpreads = (file: string, text: string): ReadonlyArray<number> => {
  const lines: Array<number> = [];
  type Node = {
    readonly type?: string;
    readonly start?: number;
    readonly argument?: Node;
    readonly expression?: Node;
  };
  const bare = (node: Node | undefined): Node | undefined =>
    /^(?:ParenthesizedExpression|TS(?:As|Satisfies)Expression)$/.test(node?.type ?? "")
      ? bare(node?.expression)
      : node;
  const walk = (node: unknown, parent: string): void => {
    if (typeof node !== "object" || node === null) return;
    const { type = parent, start = 0, argument } = node as Node;
    const inner = bare(argument)?.type;
    const same = inner === parent || (inner === "ArrayExpression" && /^(?:Call|New)Expression$/.test(parent));
    if (type === "SpreadElement" && same && /^(Object|Array)Expression$/.test(inner ?? ""))
      lines.push(text.slice(0, start).split("\n").length);
    for (const value of Object.values(node)) walk(value, type);
  };
  walk(parseSync(file, text).program, "");
  return lines;
};

describe("no literal is spread", () => {
  it("into another of its kind: nothing is merged by it", () => {
    const sources = files.filter((file) => file.endsWith(".ts"));
    const wrong = sources.flatMap((file) =>
      idleSpreads(file, readFileSync(file, "utf8")).map((line) => `${file}:${line}`),
    );
    assert.deepStrictEqual(wrong, []);
  });

  it("and the ways to do so would be found", () => {
    const planted =
      "f({ ...{ a, b } });\nf([...([1] as const), 2]);\nf(...[a, b]);\nf({ ...({ a } satisfies A) });\nnew F(...[a]);\nf({ ...(c && { d }), ...e });";
    assert.deepStrictEqual(idleSpreads("x.ts", planted), [1, 2, 3, 4, 5]);
  });
});
