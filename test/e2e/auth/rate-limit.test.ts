/** The rate limits: before the first statement, for each caller and each network by itself, and only where there are some. */
import { describe, expect, it } from "vitest";
import { contradictions } from "../../support/document.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask } from "../../support/life.ts";
import { expectProblem } from "../../support/problem.ts";
import { startWorker } from "../../support/worker.ts";

const fixture = useWorker(patient);

const LIMIT = 3;
const SENTENCE = "Too many requests. Please wait, and then ask less often.";
const PAGE = "https://admin.example";

describe("429", () => {
  it("is heard by the caller who asks too often, before anything is asked of a store, and by nobody else", async () => {
    const { stack } = fixture;
    const worker = await startWorker(stack, patient, { limits: { CALLERS: LIMIT } });
    const limited = { stack, worker };
    try {
      for (let n = 0; n < LIMIT; n++) expect((await ask(limited, "GET /api/roles")).status).toBe(200);
      stack.faults.clearCalls();
      for (const what of ["GET /api/roles", "DELETE /api/users/me", "GET /api/users/me/mfa/status"]) {
        const refused = await ask(limited, what);
        expectProblem(refused, {
          status: 429,
          code: "too_many_requests",
          detail: SENTENCE,
          retryable: true,
        });
        expect(refused.headers["retry-after"]).toBe("60");
        expect(contradictions("GET", "/api/roles", refused)).toEqual([]);
      }
      expect((await ask(limited, "HEAD /api/audit")).status).toBe(429);
      expect(stack.faults.calls()).toEqual([]);

      expect((await ask(limited, "GET /api/roles", { token: stack.viewerToken })).status).toBe(403);
      expect((await ask(limited, "GET /api/roles", { token: "x" })).status).toBe(401);
      expect((await ask(limited, "GET /api/health", { token: null })).status).toBe(200);
    } finally {
      await worker.stop();
    }
  });

  it("is heard by clients of a network that asks too often, whoever they are and whatever they ask for", async () => {
    const { stack } = fixture;
    const worker = await startWorker(
      stack,
      { ...patient, CORS_ORIGINS: PAGE },
      { limits: { CLIENTS: LIMIT } },
    );
    const limited = { stack, worker };
    const from = (address: string, token: string | null = null) => ({
      token,
      headers: { "cf-connecting-ip": address, origin: PAGE },
    });
    try {
      for (let n = 0; n < LIMIT; n++)
        expect((await ask(limited, "GET /api/health", from(`2001:db8::${n}`))).status).toBe(200);
      stack.faults.clearCalls();
      for (const what of ["GET /api/roles", "GET /nothing", "PATCH /api/users", "GET /api/health"]) {
        const refused = await ask(limited, what, from("2001:db8::99", stack.adminToken));
        expectProblem(refused, { status: 429, code: "too_many_requests", detail: SENTENCE, retryable: true });
        expect(refused.headers["retry-after"]).toBe("60");
        expect(refused.headers["access-control-allow-origin"]).toBe(PAGE);
        expect(refused.headers["cache-control"]).toBe("no-store");
      }
      expect((await ask(limited, "HEAD /api/health", from("2001:db8::99"))).status).toBe(429);
      expect(stack.faults.calls()).toEqual([]);

      expect((await ask(limited, "GET /nothing", from("2001:db8:0:1::1"))).status).toBe(404);
      expect((await ask(limited, "GET /api/health", from("192.0.2.1"))).status).toBe(200);

      const told = worker.logs().filter(({ limit }) => limit === "clients");
      expect(told).toMatchObject([{ message: "request refused", code: "too_many_requests" }]);
      expect(worker.text()).not.toContain("2001");
    } finally {
      await worker.stop();
    }
  });

  it("is heard by nobody where the platform has no such limit, or RATE_LIMIT is off", async () => {
    const { stack } = fixture;
    const off = await startWorker(
      stack,
      { ...patient, RATE_LIMIT: "off" },
      { limits: { CALLERS: LIMIT, CLIENTS: LIMIT } },
    );
    try {
      for (const worker of [fixture.worker, off])
        for (let n = 0; n < 2 * LIMIT; n++)
          expect((await ask({ stack, worker }, "GET /api/roles")).status).toBe(200);
    } finally {
      await off.stop();
    }
  });
});
