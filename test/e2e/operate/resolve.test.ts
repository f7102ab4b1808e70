/** `POST /api/operations/{id}/resolve`: what an operator is told is what was done, or why it was not. */
import { describe, expect, it } from "vitest";
import type { Fault } from "../../../dev/faults.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addAdmin, ask } from "../../support/life.ts";
import { quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";
import { startWorker } from "../../support/worker.ts";

const fixture = useWorker(patient);
const email = "new.user@flip.example";
const body = { email, roles: [] };
const commitRefused: Fault = { target: "database", match: "=ledger.commit", answer: "error", code: "23514" };
const deleteLost: Fault = { target: "cognito", match: "=AdminDeleteUser", answer: "500" };

/** A registration whose user is left over, tracked. */
const leftOver = async (worker = fixture.worker): Promise<string> => {
  fixture.stack.faults.set([commitRefused, deleteLost]);
  const { json } = await worker.register(body);
  await quiet(fixture.stack);
  fixture.stack.faults.clear();
  return json.operationId;
};
const resolve = (id: string, sent?: object, worker = fixture.worker) =>
  ask({ stack: fixture.stack, worker }, `POST /api/operations/${id}/resolve`, { body: sent });

describe("200", () => {
  it("resolves it now, and says that it was resolved already to whoever asks again", async () => {
    const id = await leftOver();
    expect((await resolve(id)).json).toMatchObject({
      resolution: "rolled_back",
      operation: { state: "rolled_back" },
    });
    expect(fixture.stack.cognito.getUser(email)).toBeUndefined();
    fixture.stack.faults.clearCalls();
    const again = await resolve(id);
    expect([again.status, again.json.resolution]).toEqual([200, "already_resolved"]);
    expect(fixture.stack.faults.calls("cognito")).toEqual([]);
  });

  it("says that a person has to decide, where the pool has no tags; and leaves the user alone when one has", async () => {
    const { stack } = fixture;
    const untagged = await startWorker(stack, { ...patient, OWNERSHIP_ATTRIBUTE: "" });
    try {
      stack.faults.set([
        { target: "cognito", match: "=AdminCreateUser", effect: "applied", answer: "reset" },
      ]);
      const { json } = await untagged.register(body);
      await quiet(stack);
      stack.faults.clear();
      await stack.age(1800);
      expect((await resolve(json.operationId, undefined, untagged)).json.resolution).toBe("needs_operator");
      expect((await resolve(json.operationId, { leave: true }, untagged)).json.resolution).toBe(
        "rolled_back",
      );
      expect(stack.cognito.getUser(email)).toBeDefined();
    } finally {
      await untagged.stop();
    }
  });
});

describe("the trail", () => {
  it("has what an operator did under the operator's name, and the history, too", async () => {
    const { stack } = fixture;
    const id = await leftOver();
    const operator = await addAdmin(stack);
    const { json } = await ask(fixture, `POST /api/operations/${id}/resolve`, { token: operator.token });
    expect(json.operation.history.at(-1)).toMatchObject({ by: "operator", who: operator.sub });
    const { items } = (await ask(fixture, "GET /api/audit?action=Registration%20rolled%20back")).json;
    expect(items).toMatchObject([{ actor: operator.sub }]);
  });
});

describe("409", () => {
  it("refuses to leave a user alone where the tag says whose they are, and does nothing", async () => {
    const id = await leftOver();
    expectProblem(await resolve(id, { leave: true }), {
      status: 409,
      code: "leave_not_possible",
      detail: "The pool has ownership tags, and the tag decides whose user it is. Resolve it without leave.",
      operationId: id,
    } as never);
    expect(fixture.stack.cognito.getUser(email)).toBeDefined();
  });
});

describe("503", () => {
  for (const [target, code] of [
    ["cognito", "identity_provider_unavailable"],
    ["database", "database_unavailable"],
  ] as const)
    it(`says that it could not be resolved now, where ${target} does not answer, and keeps it open`, async () => {
      const { stack } = fixture;
      const id = await leftOver();
      const match = target === "cognito" ? "=AdminGetUser" : "=ledger.markRolledBack";
      stack.faults.set([{ target, match, answer: "500" }]);
      const answer = await resolve(id);
      expect([answer.status, answer.json.code, answer.json.outcome]).toEqual([503, code, "tracked"]);
      stack.faults.clear();
      const { json } = await ask(fixture, `GET /api/operations/${id}`);
      expect([json.state, json.lastError === null]).toEqual(["rolling_back", false]);
      expect((await resolve(id)).json.resolution).toBe("rolled_back");
    });
});
