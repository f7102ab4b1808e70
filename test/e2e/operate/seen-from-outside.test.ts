/** What a probe and a monitoring system see: readiness and the metrics, over HTTP. */
import { describe, expect, it } from "vitest";
import { contradictions } from "../../support/document.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import type { Answer } from "../../support/http.ts";
import { ask } from "../../support/life.ts";
import { quiet } from "../../support/moments.ts";
import { readOpenMetrics } from "../../support/open-metrics.ts";
import { expectProblem } from "../../support/problem.ts";
import { startWorker, type Worker } from "../../support/worker.ts";

const METRICS_TOKEN = "a-monitoring-system-sends-this";

const fixture = useWorker({ ...patient, METRICS_TOKEN });

const OK = { database: "ok", schema: "ok", signingKeys: "ok", operations: "ok" };

/** Asks an isolate that nobody has asked before: an answer is given again for ten seconds. */
const probe = async (what = "GET /api/ready", work: (worker: Worker) => Promise<void> = async () => {}) => {
  const { stack } = fixture;
  const worker = await startWorker(stack, { ...patient, DATABASE_TIMEOUT_MS: "600" });
  try {
    await work(worker);
    const answer = await ask({ stack, worker }, what, { token: null });
    return { answer, log: worker.logs(), text: worker.text() };
  } finally {
    await worker.stop();
  }
};

const expectNotReady = ({ answer }: { answer: Answer }, failing: object) => {
  expect(answer.json).toEqual({ ready: false, checks: { ...OK, ...failing } });
  expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "10"]);
  expect(contradictions("GET", "/api/ready", answer)).toEqual([]);
};

describe("GET /api/ready", () => {
  it("is 200 without a token where all is well, and HEAD is the same without a body", async () => {
    const { answer } = await probe();
    expect(answer.json).toEqual({ ready: true, checks: OK });
    expect([answer.status, answer.headers["cache-control"]]).toEqual([200, "no-store"]);
    const head = await ask(fixture, "HEAD /api/ready", { token: null });
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  it("sends one statement for all who ask within ten seconds", async () => {
    const { stack } = fixture;
    await probe("GET /api/ready", async (worker) => {
      // A server has swept at its start.
      stack.faults.clearCalls();
      await ask({ stack, worker }, "GET /api/ready", { token: null });
      await ask({ stack, worker }, "HEAD /api/ready/", { token: null });
    });
    const statements = stack.faults.calls().filter(({ target }) => target === "database");
    expect(statements.map(({ operation }) => operation)).toEqual(["status.readiness"]);
  });

  it("is 503 where the database does not answer, and only the log says why", async () => {
    fixture.stack.faults.set([{ target: "database", answer: "reset" }]);
    const seen = await probe();
    expectNotReady(seen, { database: "failing", schema: "unknown", operations: "unknown" });
    expect(seen.text).toContain("a check of readiness fails");
  });

  it("is 503 where a table is missing", async () => {
    fixture.stack.faults.set([{ target: "database", answer: "error", code: "42P01" }]);
    expectNotReady(await probe(), { schema: "failing", operations: "unknown" });
  });

  it("is 503 where a migration is missing", async () => {
    const version = (change: string) =>
      fixture.stack.query(`update registrar.schema_version set version = version ${change}`);
    await version("- 1");
    const seen = await probe().finally(() => version("+ 1"));
    expectNotReady(seen, { schema: "failing" });
  });

  it("is 503 where the signing keys cannot be read, and 200 while known ones are believed", async () => {
    fixture.stack.faults.set([{ target: "cognito", match: "JWKS", answer: "500" }]);
    expectNotReady(await probe(), { signingKeys: "failing" });
    const { answer } = await probe("GET /api/ready", async (worker) => {
      fixture.stack.faults.clear();
      await ask({ stack: fixture.stack, worker }, "GET /api/roles");
      fixture.stack.faults.set([{ target: "cognito", match: "JWKS", answer: "500" }]);
    });
    expect(answer.status).toBe(200);
  });

  it("is 503 where the sweeper has not come for more than five minutes", async () => {
    const { stack, worker } = fixture;
    // Only once who is asked has started: a server sweeps then.
    const probeAfter = (seconds: number) =>
      probe("GET /api/ready", async () => {
        stack.faults.set([
          { target: "database", match: "=ledger.commit", answer: "error", code: "23514" },
          { target: "cognito", match: "=AdminDeleteUser", answer: "500" },
        ]);
        await worker.register({ email: `overdue-${seconds}@flip.example`, roles: [] });
        stack.faults.clear();
        await stack.age(seconds);
      });
    expect((await probeAfter(200)).answer.status).toBe(200);
    expectNotReady(await probeAfter(380), { operations: "failing" });
  });
});

const numbers = async (token: string = METRICS_TOKEN) => {
  const answer = await ask(fixture, "GET /api/metrics", { token });
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(contradictions("GET", "/api/metrics", answer)).toEqual([]);
  const read = readOpenMetrics(answer.text);
  return (name: string, labels: object = {}) =>
    read.find(
      (one) => one.name === `registrar_${name}` && JSON.stringify(one.labels) === JSON.stringify(labels),
    )?.value;
};

describe("GET /api/metrics", () => {
  it("counts in OpenMetrics what became of registrations, by METRICS_TOKEN and by whoever manages users", async () => {
    const before = await numbers();
    const completed = { kind: "register", state: "completed" };
    expect(before("operations_closed_total", completed)).toBe(0);
    await fixture.worker.register({ email: "one@flip.example", roles: [] });
    await fixture.worker.register({ email: "one@flip.example", roles: [] });
    await quiet(fixture.stack);
    for (const token of [METRICS_TOKEN, fixture.stack.adminToken]) {
      const after = await numbers(token);
      expect(after("operations_closed_total", completed)).toBe(1);
      const rejected = { kind: "register", state: "rejected", reason: "user_exists" };
      expect(after("operations_closed_total", rejected)).toBe(1);
      expect([after("operations_due"), after("operations_needing_operator")]).toEqual([0, 0]);
    }
  });

  it("sends one statement where METRICS_TOKEN asks, and nobody is asked for", async () => {
    await numbers();
    const sent = fixture.stack.faults.calls().map(({ operation }) => operation);
    expect(sent).toEqual(["status.metrics"]);
  });

  it("is 401 without a token and with another, and 403, audited, for who does not manage users", async () => {
    for (const token of [null, `${METRICS_TOKEN}x`, METRICS_TOKEN.slice(1), METRICS_TOKEN.toUpperCase()])
      expect((await ask(fixture, "GET /api/metrics", { token })).status).toBe(401);
    const refused = await ask(fixture, "GET /api/metrics", { token: fixture.stack.viewerToken });
    expectProblem(refused, {
      status: 403,
      code: "forbidden",
      detail: expect.stringContaining(fixture.stack.viewerSub),
    });
    const rows = await fixture.stack.query("select action from users_audit");
    expect(rows).toEqual([{ action: "Denied user management" }]);
  });

  it("takes METRICS_TOKEN for nothing else, and no such token where the deployment has none", async () => {
    for (const what of [
      "GET /api/users",
      "GET /api/operations",
      "GET /api/audit",
      "GET /api/users/me/mfa/status",
    ])
      expect((await ask(fixture, what, { token: METRICS_TOKEN })).status).toBe(401);
    const { stack } = fixture;
    const without = await startWorker(stack, patient);
    for (const token of [METRICS_TOKEN, "null", ""])
      expect((await ask({ stack, worker: without }, "GET /api/metrics", { token })).status).toBe(401);
    await without.stop();
  });

  it("is 503 where the database does not answer", async () => {
    fixture.stack.faults.set([{ target: "database", answer: "reset" }]);
    const refused = await ask(fixture, "GET /api/metrics", { token: METRICS_TOKEN });
    expect([refused.status, refused.json.code]).toEqual([503, "database_unavailable"]);
  });
});
