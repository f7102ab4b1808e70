/**
 * Providers that refuse, fall silent or slow down: what the caller hears, and what is left in both stores. What every
 * fault at every call comes to is proved by the matrix; here are the sentences, the log, and answers that it has not.
 */
import { describe, expect, it } from "vitest";
import type { Fault, Moment } from "../../../dev/faults.ts";
import { useWorker } from "../../support/fixture.ts";
import { quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";
import { expectNothingOf, expectRegistered, expectUntouched, look } from "../../support/stores.ts";
import { startWorker } from "../../support/worker.ts";

const fixture = useWorker();
const email = "new.user@flip.example";
const body = { email, roles: [] };
const commitRefused: Fault = {
  target: "database",
  match: "=ledger.commit",
  answer: "error",
  code: "23514",
};
const lost = ["reset", "500", "garbage", "hang"] as const;
const sent = (operation: string) =>
  fixture.stack.faults.calls().filter((call) => call.operation === operation);

describe("500", () => {
  it("says that Cognito refused the user, who is not created", async () => {
    const { stack, worker } = fixture;
    for (const [code, reason] of [
      ["InvalidParameterException", "other"],
      ["AccessDeniedException", "credentials"],
      ["ResourceNotFoundException", "pool_configuration"],
    ] as const) {
      stack.faults.set([{ target: "cognito", match: "=AdminCreateUser", answer: "error", code }]);
      const retryable = reason !== "other";
      const answer = await worker.register(body);
      expectProblem(answer, {
        status: 500,
        code: "create_refused",
        detail: "Failed to create user",
        retryable,
      });
      expect(answer.json.reason).toBe(reason);
      await expectNothingOf(stack, email);
    }
  });

  it("says that the key is wrong where no request can hold it: nothing was sent, and nothing is left open", async () => {
    const { stack } = fixture;
    const worker = await startWorker(stack, { AWS_ACCESS_KEY_ID: "AKIA\nLOCAL" });
    const answer = await worker.register(body).finally(worker.stop);
    expectProblem(answer, {
      status: 500,
      code: "create_refused",
      detail: "Failed to create user",
      retryable: true,
    });
    expect(answer.json.reason).toBe("credentials");
    expect(sent("AdminCreateUser")).toEqual([]);
    await expectNothingOf(stack, email);
  });

  it("deletes the Cognito user when the audit write fails, and trying again works at once", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([commitRefused]);
    expectProblem(await worker.register(body), {
      status: 500,
      code: "registration_rolled_back",
      retryable: true,
      outcome: "rolled_back",
      detail: "Failed to register user. Please try again.",
    });
    await expectNothingOf(stack, email);
    expect(sent("AdminDeleteUser")).toHaveLength(1);
    stack.faults.clear();
    expect((await worker.register(body)).status).toBe(200);
    await expectRegistered(stack, email);
  });

  it("deletes by the sub that its own create returned, never by the address", async () => {
    const { stack, worker } = fixture;
    const deleted: unknown[] = [];
    let own: string | undefined;
    let foreign: string | undefined;
    stack.faults.set([commitRefused]);
    stack.faults.before("cognito", "=AdminDeleteUser", async ({ body: text }: Moment) => {
      deleted.push(JSON.parse(text).Username);
      own = stack.cognito.getUser(email)?.sub;
      // Somebody at the console removes our user and creates another for the same address, just before our delete.
      await stack.cognito.deleteUser(own ?? "");
      foreign = await stack.cognito.createUser(email);
    });
    const answer = await worker.register(body);
    expect([answer.status, answer.json.outcome]).toEqual([500, "rolled_back"]);
    expect(deleted).toEqual([own]);
    expect((await look(stack)).users.map(({ sub }) => sub)).toEqual([foreign]);
  });

  it("says that manual cleanup is required when the delete fails too, and tracks it until it is done", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([commitRefused, { target: "cognito", match: "=AdminDeleteUser", answer: "500" }]);
    const answer = await worker.register(body);
    expectProblem(answer, {
      status: 500,
      code: "cleanup_required",
      retryable: true,
      outcome: "tracked",
      detail: "Failed to register user; rollback also failed. Manual cleanup of the Cognito user required.",
    });
    const { users, registrations } = await look(stack);
    expect(users.map((user) => user.email)).toEqual([email]);
    expect(registrations).toMatchObject([{ id: answer.json.operationId, state: "rolling_back" }]);
    expect(answer.headers["operation-id"] ?? answer.json.operationId).toBe(registrations[0]?.id);
    stack.faults.clear();
    await stack.age(60);
    expect((await worker.sweep())?.rolled_back).toBe(1);
    await expectNothingOf(stack, email);
  });

  it("keeps both failures in the log: the audit's as the cause, and the delete's", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([commitRefused, { target: "cognito", match: "=AdminDeleteUser", answer: "throttle" }]);
    const { json } = await worker.register(body);
    const line = worker.logs().find((entry) => entry.requestId === json.requestId && entry.level === "Error");
    const text = JSON.stringify(line);
    expect(text).toContain("23514");
    expect(text).toContain("TooManyRequestsException");
    expect(text.indexOf("23514")).toBeLessThan(text.indexOf("TooManyRequestsException"));
  });
});

describe("200 in spite of a lost answer", () => {
  for (const answer of ["empty", "truncate"] as const)
    it(`finds its own user when the create's answer is lost as ${answer}, and sends the create once`, async () => {
      const { stack, worker } = fixture;
      const effect = "applied";
      stack.faults.set([{ target: "cognito", match: "=AdminCreateUser", effect, answer }]);
      expect((await worker.register(body)).status).toBe(200);
      expect(sent("AdminCreateUser")).toHaveLength(1);
      await expectRegistered(stack, email);
    });
});

describe("503", () => {
  for (const answer of ["throttle", "empty"] as const)
    it(`says that the database cannot be reached (${answer}), never that the caller may not`, async () => {
      const { stack, worker } = fixture;
      stack.faults.set([{ target: "database", answer }]);
      const detail = "The database cannot be reached at the moment. Please try again.";
      expectProblem(await worker.register(body), {
        status: 503,
        code: "database_unavailable",
        detail,
        retryable: true,
      });
      expect(stack.faults.calls("cognito").filter(({ operation }) => operation !== "JWKS")).toEqual([]);
      stack.faults.clear();
      await expectNothingOf(stack, email);
    });

  it("says so when Cognito asks to slow down; nothing is created, and trying again works at once", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([{ target: "cognito", match: "=AdminCreateUser", answer: "throttle", times: 1 }]);
    const detail = "The identity provider cannot be reached at the moment. Please try again.";
    expectProblem(await worker.register(body), {
      status: 503,
      code: "identity_provider_unavailable",
      detail,
      retryable: true,
    });
    expect(sent("AdminCreateUser")).toHaveLength(1);
    await expectNothingOf(stack, email);
    expect((await worker.register(body)).status).toBe(200);
  });

  for (const answer of [...lost, "empty", "503"] as const)
    it(`says so, and not 401, when the signing keys cannot be read (${answer}); the next request may work`, async () => {
      const { stack, worker } = fixture;
      await worker.kill();
      stack.faults.set([{ target: "cognito", match: "JWKS", answer }]);
      const detail = "The service that signs the tokens cannot be reached at the moment. Please try again.";
      const refused = await worker.register(body);
      expectProblem(refused, {
        status: 503,
        code: "signing_keys_unavailable",
        detail,
        retryable: true,
      });
      expect(refused.headers["www-authenticate"]).toBeUndefined();
      await expectUntouched(stack);
      stack.faults.clear();
      expect((await worker.register(body)).status).toBe(200);
    });
});

describe("a busy moment", () => {
  it("waits for slow providers as long as its limits allow", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([
      { target: "cognito", delayMs: 150 },
      { target: "database", delayMs: 150 },
    ]);
    expect((await worker.register(body)).status).toBe(200);
    stack.faults.clear();
    await quiet(stack, 200);
    await expectRegistered(stack, email);
  });
});
