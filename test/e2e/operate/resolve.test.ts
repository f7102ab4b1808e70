/** `POST /api/operations/{id}/resolve`: what an operator is told is what was done, or why it was not. */
import { describe, expect, it } from "vitest";
import type { Fault } from "../../../dev/faults.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addAdmin, addUser, ask } from "../../support/life.ts";
import { sweepOut } from "../../support/life-story.ts";
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

describe("close", () => {
  const person = "person@flip.example";

  it("ends a change that can never be done: refused, with a second row of the trail under the operator's id", async () => {
    const { stack } = fixture;
    const user = await addUser(stack, { email: person });
    stack.faults.set([{ target: "cognito", match: "RESEND", answer: "500" }]);
    const { json } = await ask(fixture, `POST /api/users/${user}/invitation`);
    await quiet(stack);
    const id = json.operationId;
    const early = await resolve(id, { close: true });
    expect([early.status, early.json.code, early.headers["retry-after"]]).toEqual([
      409,
      "close_not_possible",
      "20",
    ]);
    await stack.age(60);
    const operator = await addAdmin(stack);
    const closing = { token: operator.token, body: { close: true, note: "the mailbox is gone" } };
    const closed = await ask(fixture, `POST /api/operations/${id}/resolve`, closing);
    expect([closed.status, closed.json]).toMatchObject([
      200,
      { resolution: "closed", operation: { state: "refused", reason: "closed_by_operator" } },
    ]);
    expect(closed.json.operation.history.at(-1)).toMatchObject({
      by: "operator",
      who: operator.sub,
      note: "closed by an operator: the mailbox is gone",
    });
    const { items } = (await ask(fixture, `GET /api/audit?subject=${user}`)).json;
    expect(items[0]).toMatchObject({
      action: "Not known to be done: Invited user",
      actor: operator.sub,
      subject: user,
    });
    stack.faults.clear();
    await sweepOut(fixture);
    expect(stack.mails(person)).toEqual([]);
    expect((await resolve(id, { close: true })).json.resolution).toBe("already_resolved");
  });

  it("ends a registration, and the final check still deletes the user whom it has left", async () => {
    const { stack } = fixture;
    const id = await leftOver();
    await stack.age(60);
    const { json } = await resolve(id, { close: true });
    expect(json).toMatchObject({ resolution: "closed", operation: { state: "rolled_back" } });
    expect(stack.cognito.getUser(email)).toBeDefined();
    expect((await resolve(id, { close: true })).json.code).toBe("close_not_possible");
    await sweepOut(fixture);
    expect(stack.cognito.getUser(email)).toBeUndefined();
  });

  for (const [what, sent] of [
    ["with leave", { close: true, leave: true }],
    ["a note without it", { note: "x" }],
    ["a note that is longer than 200 characters", { close: true, note: "x".repeat(201) }],
    ["a note that is no plain text", { close: true, note: "a\u0000b" }],
  ] as const)
    it(`is 422: ${what}`, async () => {
      expect((await resolve(crypto.randomUUID(), sent)).status).toBe(422);
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
