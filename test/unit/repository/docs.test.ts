/** What the documents say is so: links, anchors, commands, files, sizes, diagrams and the table of problems. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { AuditAction } from "../../../src/domain/audit.ts";
import { PROBLEMS } from "../../../src/http/problems.ts";
import { routes } from "../../../src/http/routes/all.ts";
import { StatementNotSent, StatementRefused, StatementUnknown } from "../../../src/ports/database.ts";
import {
  IdentityProviderError,
  Misconfigured,
  OutcomeUnknown,
  Refused,
  Throttled,
} from "../../../src/ports/identity-provider.ts";
import { Environment } from "../../../src/settings.ts";

const read = (file: string) => readFileSync(file, "utf8");
const files = execFileSync("git", ["ls-files", "*.md"], { encoding: "utf8" }).trim().split("\n");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

const FENCE = /^```(.*)\n([\s\S]*?)^```$/gm;
const prose = (file: string) => read(file).replaceAll(FENCE, "");
const fences = (file: string) =>
  [...read(file).matchAll(FENCE)].map(([, language = "", text = ""]) => ({ language, text }));

/** A heading's anchor, as GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
const anchors = (file: string) =>
  [...prose(file).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => anchorOf(text));

/** What is wrong with the links of a text that stands in a file. */
const brokenLinks = (file: string, text: string) =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^https?:/.test(link))
    .filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? file : join(dirname(file), path);
      return !existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor));
    });

describe("every document", () => {
  it.each(files)("%s: its links lead somewhere, anchors included", (file) => {
    assert.deepStrictEqual(brokenLinks(file, prose(file)), []);
  });

  it("would be told of a link that leads nowhere", () => {
    assert.deepStrictEqual(brokenLinks("README.md", "[a](docs/none.md) [b](docs/api.md#none)"), [
      "docs/none.md",
      "docs/api.md#none",
    ]);
  });

  it.each(files)("%s: its commands exist, and its fences say what they are", (file) => {
    const commands = [...read(file).matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name = ""]) => name);
    assert.deepStrictEqual(
      commands.filter((name) => scripts[name] === undefined),
      [],
    );
    const known = [
      "sh",
      "sh needs-account",
      "sql",
      "promql",
      "http",
      "json",
      "mermaid",
      "ts",
      "toml",
      "text",
    ];
    assert.deepStrictEqual(
      fences(file).filter(({ language }) => !known.includes(language)),
      [],
    );
  });

  it.each(files)("%s: the files that it names exist", (file) => {
    const named = [
      ...prose(file).matchAll(/`((?:src|cli|test|dev|deploy|migrations|docs|public)\/[\w./-]+)`/g),
    ];
    // What git does not keep is built, and may not be there.
    const built = read(".gitignore").split("\n");
    assert.deepStrictEqual(
      named.map(([, path = ""]) => path).filter((path) => !existsSync(path) && !built.includes(path)),
      [],
    );
  });

  it.each(files)("%s: its JSON is JSON", (file) => {
    for (const { language, text } of fences(file)) if (language === "json") JSON.parse(text);
  });
});

describe("README.md", () => {
  it("has at most 150 lines and 9,000 characters", () => {
    assert.isAtMost(read("README.md").split("\n").length, 150);
    assert.isAtMost(read("README.md").length, 9000);
  });

  it("links to every document", () => {
    const linked = files.filter((file) => file !== "README.md" && !read("README.md").includes(`(${file})`));
    assert.deepStrictEqual(linked, []);
  });
});

describe("docs/protocol.md", () => {
  it("draws exactly the moves that the statements make", async () => {
    const folder = "src/adapters/postgres";
    const moves = new Set<string>();
    for (const file of readdirSync(folder).filter((name) => name.endsWith("-statements.ts"))) {
      const module = (await import(`../../../${folder}/${file}`)) as Record<
        string,
        { name?: string; text?: string; source?: string }
      >;
      for (const { name = "", text = "", source = text } of Object.values(module)) {
        for (const update of source.split("update registrar.operation").slice(1)) {
          const to = /set state = '(\w+)'/.exec(update)?.[1];
          const from = /\b(?:where|and)\b[^;]*?state = '(\w+)'/.exec(update)?.[1];
          if (to !== undefined) moves.add(`${from} --> ${to}: ${name}`);
        }
        const first = /insert into registrar\.operation[\s\S]*?'state', '(\w+)'/.exec(source)?.[1];
        if (first !== undefined) moves.add(`[*] --> ${first}: ${name}`);
      }
    }
    const drawn = [...read("docs/protocol.md").matchAll(/^ {2}(\S+ --> \S+: \S+)$/gm)].map(
      ([, edge = ""]) => edge,
    );
    assert.deepStrictEqual(drawn.toSorted(), [...moves].toSorted());
  });
});

describe("docs/operate.md", () => {
  it("names in its runbook every call that can fail, and every name that a failure has which has none of its own", () => {
    const runbook =
      /^`lastError` is the call[\s\S]*?\n\n(?=The caller)/m.exec(read("docs/operate.md"))?.[0] ?? "";
    const calls = IdentityProviderError.fields.operation.literals;
    const nameless = [
      Refused,
      Throttled,
      Misconfigured,
      OutcomeUnknown,
      StatementRefused,
      StatementNotSent,
      StatementUnknown,
    ].map((reason) => reason.identifier);
    const missing = [...calls, ...nameless].filter((word) => !new RegExp(`\\b${word}\``).test(runbook));
    assert.deepStrictEqual(missing, []);
  });
});

describe("docs/api.md", () => {
  it("has every problem with its status, and no other", () => {
    const rows = [...read("docs/api.md").matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(
      ([, code, status]) => `${code} ${status}`,
    );
    const known = Object.entries(PROBLEMS).map(([code, { status }]) => `${code} ${status}`);
    assert.deepStrictEqual(rows.toSorted(), known.toSorted());
  });

  it("has every action of the audit trail, and no other; the OpenAPI document has them, too", () => {
    const words = Object.values(AuditAction).toSorted();
    const table = /^\| action \| says \|\n\|.*\n((?:\|.*\n)+)/m.exec(read("docs/api.md"))?.[1] ?? "";
    const cells = table.split("\n").map((row) => row.split("|")[1] ?? "");
    const named = [...cells.join().matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
    assert.deepStrictEqual(named.toSorted(), words);
    const described = /Registrar writes: (.*?)\./.exec(read("public/openapi.json"))?.[1] ?? "";
    const quoted = [...described.matchAll(/“(.+?)”/g)].map(([, word = ""]) => word);
    assert.deepStrictEqual(quoted.toSorted(), words);
  });

  it("names every route", () => {
    const text = read("docs/api.md");
    const missing = routes.filter(({ path }) => !text.includes(path));
    assert.deepStrictEqual(
      missing.map(({ method, path }) => `${method} ${path}`),
      [],
    );
  });
});

describe("wrangler.toml", () => {
  it("sets no variable that the environment does not know", () => {
    const set = [...read("wrangler.toml").matchAll(/^([A-Z_]+) = /gm)].map(([, key = ""]) => key);
    assert.deepStrictEqual(
      set.filter((key) => !(key in Environment.fields)),
      [],
    );
  });
});
