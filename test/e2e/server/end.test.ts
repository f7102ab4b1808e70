/** The server's end: it takes nothing more, and whoever was heard before gets what was promised. */

import { Agent, request } from "node:http";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../../dev/stack.ts";
import { patient } from "../../support/fixture.ts";
import { exchange } from "../../support/http.ts";
import { eventually, hold, releaseAll } from "../../support/moments.ts";
import { chosenRuntime, launch, type Process, portIn } from "../../support/server.ts";
import { expectRegistered, look } from "../../support/stores.ts";

const runtime = chosenRuntime() ?? "node";
const email = "new.user@flip.example";
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());
beforeEach(() => stack.reset());
afterEach(releaseAll);

interface Running extends Process {
  readonly url: string;
  readonly port: number;
}

const start = async (more: Record<string, string> = {}): Promise<Running> => {
  const env = { ...stack.workerEnv(), DATABASE_URL: stack.wireUrl, ...patient, PORT: "0", ...more };
  const running = launch({ runtime, env });
  const port = portIn(await running.line(/"listening"/));
  await running.line(/"sweep finished"/);
  return { ...running, port, url: `http://127.0.0.1:${port}` };
};

const begin = ({ url }: Running) =>
  exchange(url, {
    method: "POST",
    path: "/api/users/",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${stack.adminToken}` },
    body: JSON.stringify({ email, roles: [] }),
  });

const isRefused = (port: number) =>
  new Promise<boolean>((done) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      done(false);
    });
    socket.once("error", () => done(true));
  });

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  it("lets a registration end that is under way: the caller hears 200, and the invitation is sent", async () => {
    const server = await start();
    const commit = hold(stack, "database", "=ledger.commit");
    const { answer } = begin(server);
    await commit.reached;
    server.child.kill(signal);
    await server.line(/"ending"/);
    await eventually("a port that is closed", () => isRefused(server.port));
    // A terminal's Ctrl-C reaches a process twice that npm has started.
    server.child.kill(signal);
    commit.release();
    expect((await answer).status).toBe(200);
    expect(await server.ended).toBe(0);
    await expectRegistered(stack, email);
    expect(stack.mails(email)).toHaveLength(1);
    expect((await look(stack)).registrations).toMatchObject([{ state: "completed" }]);
    expect(server.lines.at(-1)).toMatch(/"ended"/);
  });
});

describe("a server that is asked to end", () => {
  it("finishes a registration whose client has gone away", async () => {
    const server = await start();
    const commit = hold(stack, "database", "=ledger.commit");
    const registration = begin(server);
    await commit.reached;
    registration.reset();
    await expect(registration.answer).rejects.toThrow();
    server.child.kill("SIGTERM");
    await server.line(/"ending"/);
    commit.release();
    expect(await server.ended).toBe(0);
    await expectRegistered(stack, email);
    expect((await look(stack)).registrations).toMatchObject([{ state: "completed" }]);
  });

  it("does not wait for connections that are kept alive, and keeps none alive after its answer", async () => {
    const server = await start();
    const agent = new Agent({ keepAlive: true });
    const get = (path: string) =>
      new Promise<number>((done, fail) => {
        const sent = request(`${server.url}${path}`, { agent }, (response) => {
          response.resume().once("end", () => done(response.statusCode ?? 0));
        });
        sent.once("error", fail).end();
      });
    try {
      expect(await get("/api/health")).toBe(200);
      server.child.kill("SIGTERM");
      // It would be 1 after SHUTDOWN_SECONDS.
      expect(await server.ended).toBe(0);
    } finally {
      agent.destroy();
    }
  });

  it("ends with 1 after SHUTDOWN_SECONDS, says so, and leaves the rest to the next sweep", async () => {
    const server = await start({ SHUTDOWN_SECONDS: "1", COGNITO_TIMEOUT_MS: "20000" });
    const create = hold(stack, "cognito", "=AdminCreateUser", "after");
    const { answer } = begin(server);
    await create.reached;
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(1);
    await expect(answer).rejects.toThrow();
    expect(server.lines.at(-1)).toMatch(/"ended before its work was done/);
    create.release();
    expect((await look(stack)).registrations).toMatchObject([{ state: "started" }]);
  });
});
