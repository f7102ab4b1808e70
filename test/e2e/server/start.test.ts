/** The server's start: it works, or it ends at once and says why; and it takes up what another process left. */
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../../dev/stack.ts";
import { quiet } from "../../support/moments.ts";
import { chosenRuntime, launch, portIn } from "../../support/server.ts";
import { expectNothingOf, look } from "../../support/stores.ts";
import { startWorker, testSettings } from "../../support/worker.ts";

const runtime = chosenRuntime() ?? "node";
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const environment = (more: Record<string, string> = {}): Record<string, string> => ({
  ...stack.workerEnv(),
  ...testSettings,
  PORT: "0",
  ...more,
});

describe("a server that cannot work", () => {
  it("ends at once with 78, and names every wrong key of it, never a value", async () => {
    const { AWS_REGION, DATABASE_URL, ...rest } = environment();
    const wrong = {
      ...rest,
      DATABASE_URL: "mysql://user:hunter2@host/db",
      AWS_ACCESS_KEY_ID: "AKIAHUNTER2 ",
      PORT: "hunter2",
      HOST: "http://hunter2",
      TRUST_PROXY: "hunter2",
      SHUTDOWN_SECONDS: "0",
    };
    const { ended, lines } = launch({ runtime, env: wrong });
    expect(await ended).toBe(78);
    const fatal = lines.filter((line) => line.includes('"level":"Fatal"'));
    expect(fatal).toHaveLength(1);
    const { cause } = JSON.parse(fatal[0] ?? "{}") as { cause: { problems: ReadonlyArray<string> } };
    expect(cause.problems.map((problem) => problem.split(" ")[0]).toSorted()).toEqual([
      "AWS_ACCESS_KEY_ID",
      "AWS_REGION",
      "DATABASE_URL",
      "HOST",
      "PORT",
      "SHUTDOWN_SECONDS",
      "TRUST_PROXY",
    ]);
    expect(lines.join("\n")).not.toMatch(/hunter2/i);
  });

  it("ends with 1 where its port is taken", async () => {
    const other = createServer();
    const port = await new Promise<number>((done) =>
      other.listen(0, "127.0.0.1", () => done((other.address() as { port: number }).port)),
    );
    try {
      const { ended, lines } = launch({ runtime, env: environment({ PORT: String(port) }) });
      expect(await ended).toBe(1);
      expect(lines.join("\n")).toMatch(/"cannot listen".*EADDRINUSE/);
    } finally {
      other.close();
    }
  });
});

describe("a server that starts", () => {
  it("says in one line where it listens, and answers there", async () => {
    const { child, ended, line } = launch({ runtime, env: environment({ HOST: "127.0.0.1" }) });
    const listening = await line(/"listening"/);
    expect(JSON.parse(listening)).toMatchObject({ level: "Info", address: "127.0.0.1", pid: child.pid });
    const answer = await fetch(`http://127.0.0.1:${portIn(listening)}/api/health`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: "ok", message: "registrar is running" },
    ]);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });

  it("sweeps at once, and takes up what a process left that was killed", async () => {
    const worker = await startWorker(stack);
    try {
      const email = "left.over@flip.example";
      stack.faults.set([
        { target: "database", match: "=ledger.commit", answer: "error", code: "23514" },
        { target: "cognito", match: "=AdminDeleteUser", answer: "reset" },
      ]);
      const answer = await worker.register({ email, roles: [] });
      expect([answer.status, answer.json.outcome]).toEqual([500, "tracked"]);
      stack.faults.clear();
      await quiet(stack);
      await stack.age(3600);
      await worker.sweep();
      await expectNothingOf(stack, email);
      expect((await look(stack)).registrations).toMatchObject([{ state: "rolled_back" }]);
    } finally {
      await worker.stop();
    }
  });
});
