/** The rules of the Dockerfile: each is broken once, and the check says so. */
import { globSync, readFileSync } from "node:fs";
import { matchesGlob } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import {
  DOCKERFILE_PATH,
  readDockerfile,
  testedNode,
  wrongInDockerfile,
} from "../../../dev/check/dockerfile.ts";

const text = readFileSync(DOCKERFILE_PATH, "utf8");
const node = testedNode(readFileSync("package.json", "utf8"));
const [base = ""] = readDockerfile(text).bases;

/** What somebody might do to the file, and what the check says of it. */
const breaks: ReadonlyArray<readonly [what: string, from: string | RegExp, to: string, says: RegExp]> = [
  ["a base without a digest", base, `node:${node}-bookworm-slim`, /has a tag and a digest/],
  ["a base of another Node", base, base.replace(node, "20.0.0"), /the base is Node/],
  ["a base that follows a tag", base, "node:latest", /has a tag and a digest/],
  ["one stage", /^FROM[\s\S]*?(?=^FROM)/m, "", /there are two stages/],
  ["ADD", "COPY console console", "ADD console console", /ADD takes more/],
  ["root", "USER node", "USER root", /runs as root/],
  ["no user at all", "USER node\n", "", /runs as root/],
  ["a user by the number of root", "USER node", "USER 0:0", /runs as root/],
  ["the address of this machine only", "HOST=0.0.0.0", "HOST=127.0.0.1", /HOST is 0\.0\.0\.0/],
  ["no port", " PORT=8787", "", /PORT is not set/],
  [
    "a variable that the server does not have",
    "NODE_ENV=production",
    "NODE_ENVIRONMENT=production",
    /no variable/,
  ],
  ["a secret", "NODE_ENV=production", "DATABASE_URL=postgresql://a:b@c/d", /tells a secret/],
  ["a secret for the build", "USER node", "ARG AWS_SECRET_ACCESS_KEY\nUSER node", /tells a secret/],
  ["a command in a shell", /CMD \["node", "--enable.*\]/, "CMD node dist/server.js", /CMD is a list/],
  ["a healthcheck on readiness", "/api/health", "/api/ready", /asks \/api\/health/],
  ["no healthcheck", /^HEALTHCHECK[\s\S]*?\n(?=CMD)/m, "", /asks \/api\/health/],
  ["an instruction that Docker does not know", "EXPOSE", "EXPOSED", /Unknown instruction/i],
];

describe("deploy/Dockerfile", () => {
  it("is one that Docker takes, and keeps the rules", () => {
    assert.deepStrictEqual(wrongInDockerfile(text, node), []);
  });

  it.each([...breaks])("is refused with %s", (_, from, to, says) => {
    const broken = typeof from === "string" ? text.replaceAll(from, to) : text.replace(from, to);
    assert.notStrictEqual(broken, text);
    assert.match(wrongInDockerfile(broken, node).join("\n"), says);
  });

  it("copies only what is there and what .dockerignore lets in", () => {
    const admitted = readFileSync(".dockerignore", "utf8")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    assert.match(readFileSync(".dockerignore", "utf8"), /^\*$/m);
    const sources = readDockerfile(text)
      .stages.flat()
      .filter((step) => step.keyword === "COPY" && !step.text.startsWith("--from"))
      .flatMap((step) => step.text.split(/\s+/).slice(0, -1));
    assert.deepStrictEqual([...new Set(sources)].toSorted(), admitted.toSorted());
    for (const source of sources) assert.isNotEmpty(globSync(source));
  });

  it("lets nothing into the image that git ignores", () => {
    const ignored = readFileSync(".gitignore", "utf8").split("\n").filter(Boolean);
    const admitted = globSync([
      "package*.json",
      ".npmrc",
      "LICENSE",
      "dev/build-server.ts",
      "{src,public}/**",
    ]);
    const leaked = admitted.filter((path) => ignored.some((pattern) => matchesGlob(path, pattern)));
    assert.deepStrictEqual(leaked, []);
  });
});
