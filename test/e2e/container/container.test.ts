/**
 * The container, without an engine: the steps of the Dockerfile on this machine, then its command, with its environment
 * and its healthcheck. `npm ci` is not run again; the packages are those that it installs.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DOCKERFILE_PATH, readDockerfile } from "../../../dev/check/dockerfile.ts";
import { freePort } from "../../../dev/postgres.ts";
import { startStack } from "../../../dev/stack.ts";
import { watchdog } from "../../../dev/watchdog.ts";
import { testSettings } from "../../support/worker.ts";

const image = readDockerfile(readFileSync(DOCKERFILE_PATH, "utf8"));
const root = mkdtempSync(join(tmpdir(), "container-"));

/** Carries out a stage below a directory of its own. */
const build = async (name: string, steps: (typeof image.stages)[number]) => {
  const home = join(root, name);
  let workdir = home;
  for (const { keyword, text } of steps) {
    if (keyword === "WORKDIR") {
      workdir = join(home, text);
      mkdirSync(workdir, { recursive: true });
    }
    if (keyword === "COPY") {
      const [, from, names = ""] = /^(?:--from=(\w+)\s+)?(.+)$/s.exec(text) ?? [];
      const words = names.split(/\s+/);
      const target = words.pop() ?? "";
      for (const source of words) {
        const origin = from === undefined ? resolve(source) : join(root, from, source);
        const into = target.endsWith("/") ? join(target, source.split("/").at(-1) ?? "") : target;
        mkdirSync(dirname(join(workdir, into)), { recursive: true });
        cpSync(origin, join(workdir, into), { recursive: true });
      }
    }
    if (keyword === "RUN" && text.startsWith("npm ci"))
      symlinkSync(resolve("node_modules"), join(workdir, "node_modules"));
    else if (keyword === "RUN") {
      const [program = "", ...words] = text.split(/\s+/);
      await promisify(execFile)(program === "node" ? process.execPath : program, words, { cwd: workdir });
    }
  }
  return workdir;
};

let workdir: string;

beforeAll(async () => {
  const [first = [], second = []] = image.stages;
  const name = /AS (\w+)$/.exec(first[0]?.text ?? "")?.[1] ?? "";
  await build(name, first);
  workdir = await build("last", second);
});
afterAll(() => rmSync(root, { recursive: true }));

describe("the container", () => {
  it("starts with its command, is healthy while it answers and though its database is gone, and ends on SIGTERM", {
    timeout: 120_000,
  }, async () => {
    const stack = await startStack();
    const port = await freePort();
    // All that a container has: the image's variables, and what it is run with.
    const env = { ...image.env, ...stack.workerEnv(), ...testSettings, PORT: String(port) };
    const [, ...words] = image.command ?? [];
    const child = spawn(process.execPath, words, { cwd: workdir, env, stdio: ["ignore", "pipe", "inherit"] });
    watchdog(child, { signal: "KILL" });
    const ended = once(child, "exit");
    const [, ...check] = image.healthcheck ?? [];
    const isHealthy = async () => {
      const probe = spawn(process.execPath, check, { cwd: workdir, env, stdio: "ignore" });
      return (await once(probe, "exit"))[0] === 0;
    };
    try {
      expect(await isHealthy()).toBe(false);
      const lines: string[] = [];
      await new Promise<void>((swept) =>
        createInterface(child.stdout).on("line", (line) => {
          lines.push(line);
          if (line.includes('"sweep finished"')) swept();
        }),
      );
      expect(await isHealthy()).toBe(true);
      const url = `http://127.0.0.1:${port}`;
      expect((await fetch(`${url}/openapi.json`)).status).toBe(200);
      const answer = await fetch(`${url}/api/users/`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${stack.adminToken}` },
        body: JSON.stringify({ email: "in.a.container@flip.example", roles: [] }),
      });
      expect(answer.status).toBe(200);
      stack.faults.set([
        { target: "database", answer: "reset" },
        { target: "cognito", answer: "reset" },
      ]);
      expect(await isHealthy()).toBe(true);
      child.kill("SIGTERM");
      expect((await ended)[0], lines.slice(-3).join(" | ")).toBe(0);
      expect(await isHealthy()).toBe(false);
    } finally {
      child.kill("SIGKILL");
      await stack.stop();
    }
  });
});
