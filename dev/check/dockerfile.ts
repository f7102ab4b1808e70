/**
 * `npm run check:dockerfile`: deploy/Dockerfile is one that Docker takes, and keeps our rules. No engine is needed.
 * https://docs.docker.com/reference/dockerfile/
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { DockerfileParser, type Env, type From, type Instruction } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { Schema } from "effect";
import { ServerEnvironment } from "../../src/server/settings.ts";
import { Environment } from "../../src/settings.ts";

/** Where the file is. */
export const DOCKERFILE_PATH = "deploy/Dockerfile";

/** One instruction, as it is written. */
export interface Step {
  readonly keyword: string;
  readonly text: string;
}

/** What a Dockerfile makes: the steps of each stage, and how the container of the last one runs. */
export interface Image {
  readonly bases: ReadonlyArray<string>;
  readonly stages: ReadonlyArray<ReadonlyArray<Step>>;
  readonly user: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** The commands of the list form; undefined where there is none, or the form of a shell. */
  readonly command: ReadonlyArray<string> | undefined;
  readonly healthcheck: ReadonlyArray<string> | undefined;
}

/** The list form of a command, which ends an instruction. */
const listIn = (instruction: Instruction | undefined): ReadonlyArray<string> | undefined => {
  const list = /(\[.*\])\s*$/s.exec(instruction?.getTextContent() ?? "")?.[1];
  try {
    return list === undefined ? undefined : (JSON.parse(list) as ReadonlyArray<string>);
  } catch {
    return undefined;
  }
};

/** All that follows the keyword, flags too. */
const textOf = (instruction: Instruction): string =>
  instruction.getTextContent().slice(instruction.getKeyword().length).trim();

/** Reads a Dockerfile. */
export const readDockerfile = (text: string): Image => {
  const instructions = DockerfileParser.parse(text).getInstructions();
  const stages: Array<Array<Instruction>> = [];
  for (const instruction of instructions) {
    if (instruction.getKeyword() === "FROM") stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  const last = stages.at(-1) ?? [];
  const all = (keyword: string) => last.filter((one) => one.getKeyword() === keyword);
  const properties = all("ENV").flatMap((one) => (one as Env).getProperties());
  return {
    bases: instructions
      .filter((one) => one.getKeyword() === "FROM")
      .map((one) => String((one as From).getImage())),
    stages: stages.map((stage) => stage.map((one) => ({ keyword: one.getKeyword(), text: textOf(one) }))),
    user: all("USER").at(-1)?.getArgumentsContent() ?? undefined,
    env: Object.fromEntries(properties.map((one) => [one.getName(), one.getValue() ?? ""])),
    command: listIn(all("CMD").at(-1)),
    healthcheck: listIn(all("HEALTHCHECK").at(-1)),
  };
};

const SECRETS = Object.entries(Environment.fields)
  .filter(([, field]) => Schema.resolveAnnotations(field)?.secret === true)
  .map(([name]) => name);

const isKnown = (name: string): boolean =>
  name === "NODE_ENV" || name in Environment.fields || name in ServerEnvironment.fields;

/** What is wrong with a Dockerfile, a sentence each. `node`: the version that the tests run on. */
export const wrongInDockerfile = (text: string, node: string): ReadonlyArray<string> => {
  const diagnostics = validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`);
  const { bases, stages, user, env, command, healthcheck } = readDockerfile(text);
  const steps = stages.flat();
  const pinned = bases.filter((base) => !/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/.test(base));
  const other = bases.filter((base) => !base.startsWith(`node:${node}-`));
  const unknown = Object.keys(env).filter((name) => !isKnown(name));
  const told = steps.filter(
    ({ keyword, text: words }) => /^(ENV|ARG)$/.test(keyword) && SECRETS.some((name) => words.includes(name)),
  );
  return [
    ...diagnostics,
    ...pinned.map((base) => `${base}: a base has a tag and a digest`),
    ...other.map((base) => `${base}: the base is Node ${node}, which the tests run on`),
    ...(new Set(bases).size > 1 ? ["the stages have different bases"] : []),
    ...(bases.length < 2 ? ["what builds is not what runs: there are two stages"] : []),
    ...(steps.some(({ keyword }) => keyword === "ADD") ? ["COPY takes files, ADD takes more"] : []),
    ...told.map(({ keyword }) => `${keyword} tells a secret to whoever has the image`),
    ...unknown.map((name) => `ENV ${name} is no variable of the server`),
    ...(user === undefined || /^(root|0)\b/.test(user) ? ["the container runs as root"] : []),
    ...(env.HOST === "0.0.0.0" ? [] : ["HOST is 0.0.0.0: nobody reaches another address from outside"]),
    ...(env.PORT === undefined ? ["PORT is not set: the healthcheck does not know it"] : []),
    ...(command === undefined ? ["CMD is a list: a shell would keep the signals to itself"] : []),
    ...(healthcheck?.join(" ").includes("/api/health") === true
      ? []
      : ["HEALTHCHECK is a list that asks /api/health, which asks no store"]),
  ];
};

/** The version of Node that package.json pins for scripts and tests. */
export const testedNode = (manifest: string): string =>
  (JSON.parse(manifest) as { devDependencies: { node: string } }).devDependencies.node;

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "../..");
  const node = testedNode(readFileSync(resolve(root, "package.json"), "utf8"));
  const wrong = wrongInDockerfile(readFileSync(resolve(root, DOCKERFILE_PATH), "utf8"), node);
  for (const sentence of wrong) console.error(`${DOCKERFILE_PATH}: ${sentence}`);
  if (wrong.length === 0) console.log("The Dockerfile is one that Docker takes, and keeps our rules.");
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
