/**
 * docs/deploy.md, command by command, as far as that goes without an account: each tool, subcommand, flag, setting, file
 * and variable that it names exists, and what a command uses an earlier one has made.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import * as cognito from "@aws-sdk/client-cognito-identity-provider";
import { assert, describe, it } from "vitest";
import { ServerEnvironment } from "../../../src/server/settings.ts";
import { Environment } from "../../../src/settings.ts";

const text = readFileSync("docs/deploy.md", "utf8");
const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };

/** The commands of a document's fences, in their order: whole lines, with what `$(…)` holds as a command of its own. */
const commandsOf = (document: string): ReadonlyArray<string> =>
  [...document.matchAll(/^```sh(?: needs-account)?\n([\s\S]*?)^```$/gm)].flatMap(([, fence = ""]) =>
    fence
      .replaceAll(/\\\n\s*/g, "")
      .split("\n")
      .filter((line) => line.trim() !== ""),
  );

/** The simple commands of a line, each as words, without the assignments before it and the redirections behind. */
const simpleOf = (line: string): ReadonlyArray<ReadonlyArray<string>> => {
  const inner = [...line.matchAll(/\$\(([^()]*)\)/g)].map(([, command = ""]) => command);
  const outer = line.replaceAll(/\$\([^()]*\)/g, "MADE");
  return [outer, ...inner]
    .flatMap((command) => split(command, "|"))
    .map((command) => split(command.replace(/\s>\s*\S+/, ""), " "))
    .map((words) => words.slice(words.findIndex((word) => !/^\w+=/.test(word) && word !== "export")))
    .filter(([tool = "", ...rest]) => !/^\w+=/.test(tool) && (rest.length > 0 || tool !== "export"))
    .map((words) => words.map((word) => word.replaceAll(/^['"]|['"]$/g, "")));
};

/** Splits where a separator stands outside quotes. */
const split = (command: string, separator: "|" | " "): ReadonlyArray<string> =>
  (command.match(separator === "|" ? /(?:"[^"]*"|'[^']*'|[^|])+/g : /(?:"[^"]*"|'[^']*'|\S)+/g) ?? []).map(
    (part) => part.trim(),
  );

const flagsOf = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.flatMap((word) => /^(--[\w-]+)/.exec(word)?.[1] ?? []);

const pascal = (name: string) =>
  name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** What each operation of another AWS service takes: its reference, since its client is no dependency. */
const OTHER: Readonly<Record<string, ReadonlyArray<string>>> = {
  "sts get-caller-identity": [],
  "iam create-user": ["--user-name"],
  "iam put-user-policy": ["--user-name", "--policy-name", "--policy-document"],
  "iam create-access-key": ["--user-name"],
  "iam list-access-keys": ["--user-name"],
  "iam update-access-key": ["--user-name", "--access-key-id", "--status"],
  "iam delete-access-key": ["--user-name", "--access-key-id"],
  "rds create-db-instance": [
    "--db-instance-identifier",
    "--engine",
    "--db-instance-class",
    "--allocated-storage",
    "--storage-type",
    "--storage-encrypted",
    "--db-name",
    "--master-username",
    "--master-user-password",
    "--enable-iam-database-authentication",
    "--backup-retention-period",
    "--deletion-protection",
    "--no-publicly-accessible",
  ],
  "rds wait": ["--db-instance-identifier"],
  "rds describe-db-instances": ["--db-instance-identifier"],
};

const GLOBAL = ["--query", "--output", "--region", "--profile"];

const wrongInAws = ([
  service = "",
  operation = "",
  ...words
]: ReadonlyArray<string>): ReadonlyArray<string> => {
  const flags = flagsOf(words).filter((flag) => !GLOBAL.includes(flag));
  const name = `${service} ${operation}`;
  if (service !== "cognito-idp") {
    const known = OTHER[name];
    if (known === undefined) return [`aws ${name} is not known`];
    return flags.filter((flag) => !known.includes(flag)).map((flag) => `aws ${name} has no ${flag}`);
  }
  const schema = (cognito as unknown as Record<string, unknown>)[`${pascal(operation)}Request$`];
  if (!Array.isArray(schema)) return [`aws ${name} is not an operation`];
  const members = new Set((schema[4] as ReadonlyArray<string>).map((one) => one.toLowerCase()));
  return flags
    .filter((flag) => !members.has(pascal(flag.slice(2)).replace(/^No/, "").toLowerCase()))
    .map((flag) => `aws ${name} has no ${flag}`);
};

const run = promisify(execFile);
const helps = new Map<string, Promise<string>>();
/** What a program says of itself; asked once. */
const helpOf = (program: string, ...words: ReadonlyArray<string>): Promise<string> => {
  const key = [program, ...words].join(" ");
  const known = helps.get(key);
  if (known !== undefined) return known;
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" };
  const asked = run(program, [...words, "--help"], { env }).then(
    ({ stdout, stderr }) => stdout + stderr,
    (failure: { stdout?: string; stderr?: string }) => `FAILED ${failure.stdout}${failure.stderr}`,
  );
  helps.set(key, asked);
  return asked;
};

const missing = (name: string, help: string, flags: ReadonlyArray<string>): ReadonlyArray<string> =>
  flags.filter((flag) => !new RegExp(`${flag}(?![\\w-])`).test(help)).map((flag) => `${name} has no ${flag}`);

const wrongInWrangler = async (words: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const depth = /^(secret|hyperdrive)$/.test(words[0] ?? "") ? 2 : 1;
  const command = words.slice(0, depth);
  const help = await helpOf("node_modules/.bin/wrangler", ...command);
  const name = `wrangler ${command.join(" ")}`;
  if (!new RegExp(`^${name}(?![\\w-])`, "m").test(help)) return [`${name} is no command`];
  return missing(name, help, flagsOf(words));
};

const wrongInScript = async ([name = "", ...words]: ReadonlyArray<string>): Promise<
  ReadonlyArray<string>
> => {
  const script = scripts[name];
  if (script === undefined) return [`npm run ${name} is no script`];
  const given = words.slice(words.indexOf("--") + 1);
  if (!words.includes("--")) return [];
  const [program = "", file = ""] = script.split(" ");
  if (program === "wrangler") return wrongInWrangler([...script.split(" ").slice(1), ...given]);
  return missing(`npm run ${name}`, await helpOf(process.execPath, file), flagsOf(given));
};

const terraform = readFileSync("deploy/aws/main.tf", "utf8");
const wrongInTerraform = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.flatMap((word, index) => {
    const folder = /^-chdir=(.+)$/.exec(word)?.[1];
    if (folder !== undefined) return existsSync(folder) ? [] : [`there is no folder ${folder}`];
    const variable = words[index - 1] === "-var" ? word.split("=")[0] : undefined;
    const output = words[index - 1] === "-raw" ? word : undefined;
    if (variable !== undefined && !terraform.includes(`variable "${variable}"`))
      return [`no variable ${variable}`];
    if (output !== undefined && !terraform.includes(`output "${output}"`)) return [`no output ${output}`];
    return [];
  });

/** Tools that are everywhere, or that the document says one needs, with the flags that are used of them. */
const PLAIN: Readonly<Record<string, ReadonlyArray<string>>> = {
  bun: [],
  curl: [],
  deno: ["--allow-net", "--allow-env", "--allow-read", "--allow-sys"],
  docker: [
    "--file",
    "--tag",
    "--read-only",
    "--stop-timeout",
    "--env-file",
    "--publish",
    "--detach",
    "--name",
    "--restart",
    "--volume",
  ],
  echo: [],
  mkdir: [],
  node: ["--enable-source-maps"],
  openssl: [],
  printf: [],
  psql: ["--file", "--command"],
  python3: [],
  read: [],
  realpath: [],
  rm: [],
  sed: [],
  umask: [],
};

const wrongIn = async (words: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const [tool = "", ...rest] = words;
  if (tool === "aws") return wrongInAws(rest);
  if (tool === "terraform") return wrongInTerraform(rest);
  if (tool === "npx" && rest[0] === "wrangler") return wrongInWrangler(rest.slice(1));
  if (tool === "npm" && rest[0] === "run") return wrongInScript(rest.slice(1));
  if (tool === "npm" && rest[0] === "start") return scripts.start === undefined ? ["npm start"] : [];
  const known = PLAIN[tool];
  if (known === undefined) return [`${tool} is not known`];
  return flagsOf(rest)
    .filter((flag) => !known.includes(flag))
    .map((flag) => `${tool} has no ${flag}`);
};

/** What a document's commands use before anything has made it. */
const unmade = (commands: ReadonlyArray<string>): ReadonlyArray<string> => {
  const made = new Set<string>();
  return commands.flatMap((line) => {
    const read = /^read\b.*\s(\w+)$/.exec(line)?.[1];
    const used = [...line.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = ""]) => name);
    const wrong = used.filter((name) => !made.has(name));
    for (const [, name = ""] of line.matchAll(/(?:^|\s)(?:export )?([A-Z_]+)=/g)) made.add(name);
    if (read !== undefined) made.add(read);
    return wrong.map((name) => `$${name} is used before it is made: ${line}`);
  });
};

const commands = commandsOf(text);

describe("docs/deploy.md", () => {
  it("has commands that exist, with flags that exist", async () => {
    assert.isAbove(commands.length, 40);
    const wrong = await Promise.all(commands.flatMap(simpleOf).map(wrongIn));
    assert.deepStrictEqual(wrong.flat(), []);
  }, 120_000);

  it("uses no variable of the shell before a command has made it", () => {
    assert.deepStrictEqual(unmade(commands), []);
  });

  it("names files that exist, or that an earlier command has written", () => {
    const written = new Set(
      commands.flatMap((line) => [...line.matchAll(/>\s*(\S+)/g)].map(([, file]) => file)),
    );
    const files = commands.flatMap((line) =>
      [...line.matchAll(/(?:^|[\s=/])((?:deploy|src|docs|\.dev)\/[\w./-]+)/g)].map(([, file = ""]) => file),
    );
    assert.isAbove(files.length, 6);
    assert.deepStrictEqual(
      files.filter((file) => !existsSync(file) && !written.has(file)),
      [],
    );
  });

  it("names no setting that there is not", () => {
    const known = new Set([...Object.keys(Environment.fields), ...Object.keys(ServerEnvironment.fields)]);
    const shell = new Set(
      commands.flatMap((line) =>
        [...line.matchAll(/(?:^|\s)(?:export |read .*)?([A-Z_]+)(?:=|$)/g)].map(([, name]) => name),
      ),
    );
    const secrets = commands.flatMap((line) =>
      [...line.matchAll(/([A-Z_]{4,})=%s/g)].map(([, name = ""]) => name),
    );
    assert.isNotEmpty(secrets);
    assert.deepStrictEqual(
      secrets.filter((name) => !known.has(name)),
      [],
    );
    const prose = [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`([A-Z][A-Z_]{3,})(?:=[^`]*)?`/g)];
    const unknown = prose.map(([, name = ""]) => name).filter((name) => !known.has(name) && !shell.has(name));
    assert.deepStrictEqual(
      unknown.filter((name) => !BINDINGS.has(name)),
      [],
    );
  });

  it("would be told of what is not there", async () => {
    const bad = [
      "aws cognito-idp create-user-pools --pool-name x",
      "aws cognito-idp create-user-pool --pool-names x",
      "aws iam create-users",
      "npx wrangler secret bulk --environment production",
      "npx wrangler secrets put X",
      "npm run bootstrap -- --mail you",
      "terraform -chdir=deploy/aws apply -var regions=x",
      "pgsql x",
    ];
    for (const line of bad) assert.isNotEmpty((await Promise.all(simpleOf(line).map(wrongIn))).flat(), line);
    assert.isNotEmpty(unmade(["curl $SERVICE"]));
    assert.isEmpty(unmade(["export SERVICE=x", "curl $SERVICE"]));
  }, 60_000);
});

/** What wrangler.toml binds beside variables. */
const BINDINGS: ReadonlySet<string> = new Set(
  [...readFileSync("wrangler.toml", "utf8").matchAll(/^name = "([A-Z_]+)"$/gm)].map(([, name = ""]) => name),
);
