/** One key, one registration: replays, conflicts, crashes, and whose key it is. */
import { describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask } from "../../support/life.ts";
import { eventually, hold, quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";
import { expectRegistered, look } from "../../support/stores.ts";

const fixture = useWorker({ ...patient, REQUEST_BUDGET_SECONDS: "20", HORIZON_SECONDS: "1200" });
const email = "new.user@flip.example";
const body = { email, roles: [roles.researcher, roles.observer] };
const key = "0c6f2b1e-8e03";
const inProgress = {
  status: 409,
  code: "registration_in_progress",
  retryable: true,
  detail: "A registration of this user is in progress. Please try again later.",
} as const;

/** Resolves when the Worker has done everything for the registrations so far. */
const completed = () =>
  eventually("completed", async () =>
    (await look(fixture.stack)).registrations.every(({ state }) => state === "completed"),
  );

describe("a repeated Idempotency-Key", () => {
  it("replays the answer word for word, asks Cognito nothing, and mails nobody again", async () => {
    const { stack, worker } = fixture;
    const first = await worker.register(body, { key });
    await completed();
    stack.faults.clearCalls();
    for (const [n, again] of [key, `"${key}"`].entries()) {
      const sent = n === 0 ? body : { email: ` ${email.toUpperCase()}`, roles: [...body.roles].reverse() };
      const replay = await worker.register(sent, { key: again });
      expect([replay.status, replay.text]).toEqual([200, first.text]);
      expect(replay.headers["idempotency-replayed"]).toBe("true");
      expect(replay.headers["operation-id"]).toBe(first.headers["operation-id"]);
    }
    expect(first.headers["idempotency-replayed"]).toBeUndefined();
    expect(stack.faults.calls("cognito")).toEqual([]);
    await expectRegistered(stack, email);
    expect(stack.mails(email)).toHaveLength(1);
  });

  it("is refused with 422 for another request, and changes nothing", async () => {
    const { stack, worker } = fixture;
    const { headers } = await worker.register(body, { key });
    await completed();
    for (const other of [
      { email: "other@flip.example", roles: body.roles },
      { email, roles: [] },
    ]) {
      const answer = await worker.register(other, { key });
      const detail = "This Idempotency-Key was used before, for another request.";
      expectProblem(answer, { status: 422, code: "idempotency_key_reused", detail });
      expect(answer.json.operationId).toBe(headers["operation-id"]);
    }
    expect((await look(stack)).users).toHaveLength(1);
  });

  it("waits with 409 while the first request is running, and until its caller has been told", async () => {
    const { stack, worker } = fixture;
    const create = hold(stack, "cognito", "=AdminCreateUser");
    const first = worker.begin(body, { key });
    await create.reached;
    expectProblem(await worker.register(body, { key }), inProgress);
    const acknowledge = hold(stack, "database", "=ledger.acknowledge");
    create.release();
    expect((await first.answer).status).toBe(200);
    await acknowledge.reached;
    expectProblem(await worker.register(body, { key }), inProgress);
    acknowledge.release();
    await completed();
    expect((await worker.register(body, { key })).headers["idempotency-replayed"]).toBe("true");
    expect((await look(stack)).registrations).toHaveLength(1);
  });

  it("replays a refusal, but for whom the pool had then", async () => {
    const { stack, worker } = fixture;
    const foreign = await stack.cognito.createUser(email);
    const first = await worker.register(body, { key });
    await stack.cognito.deleteUser(foreign);
    stack.faults.clearCalls();
    const second = await worker.register(body, { key });
    expect([first.status, second.status]).toEqual([400, 400]);
    expect(first.headers["idempotency-replayed"]).toBeUndefined();
    expect(second.headers["idempotency-replayed"]).toBe("true");
    const { userId, ...refusal } = first.json;
    expect(userId).toBe(foreign);
    expect(second.json).toEqual({ ...refusal, requestId: second.json.requestId });
    expect(stack.faults.calls("cognito")).toEqual([]);
  });

  it("says that the user is removed, as soon as that is written down, and registers nobody", async () => {
    const { stack, worker } = fixture;
    const { json } = await worker.register(body, { key });
    await completed();
    stack.faults.set([{ target: "cognito", match: "=AdminDeleteUser", answer: "500" }]);
    const removal = await ask(fixture, `DELETE /api/users/${json.userId}`);
    expect(removal.json.code).toBe("remove_tracked");
    const removed = {
      status: 409,
      code: "user_removed",
      detail: "The user of this Idempotency-Key was registered, and has been removed since.",
    } as const;
    expectProblem(await worker.register(body, { key }), removed);
    stack.faults.clear();
    expect((await ask(fixture, `DELETE /api/users/${json.userId}`)).status).toBe(200);
    stack.faults.clearCalls();
    expectProblem(await worker.register(body, { key }), removed);
    expect(stack.faults.calls("cognito")).toEqual([]);
    expect((await worker.register(body, { key: "a-new-one" })).status).toBe(200);
  });

  it("asks for a new key where this one can never work again, and the new one works at once", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([
      { target: "database", match: "=ledger.commit", effect: "applied", answer: "reset", times: 2 },
      { target: "database", match: "=ledger.fence", answer: "reset" },
      { target: "database", match: "=ledger.find", answer: "reset" },
    ]);
    expectProblem(await worker.register(body, { key }), {
      status: 500,
      code: "registration_rolled_back",
      outcome: "rolled_back",
      detail: "Failed to register user. Another try needs a new Idempotency-Key.",
      retryable: false,
    });
    stack.faults.clear();
    expect(stack.cognito.getUser(email)).toBeUndefined();
    expect((await worker.register(body, { key: "a-new-one" })).status).toBe(200);
  });

  it("replays why Cognito refused, and the operation shows it", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([
      { target: "cognito", match: "=AdminCreateUser", answer: "error", code: "InvalidPasswordException" },
    ]);
    const first = await worker.register(body, { key });
    stack.faults.clear();
    const second = await worker.register(body, { key });
    expect([first.json.code, first.json.reason]).toEqual(["create_refused", "password_policy"]);
    expect(second.headers["idempotency-replayed"]).toBe("true");
    expect(second.json).toEqual({ ...first.json, requestId: second.json.requestId });
    const shown = await ask(fixture, `GET /api/operations/${first.json.operationId}`);
    expect([shown.json.verdict, shown.json.reason]).toEqual(["create_refused", "password_policy"]);
  });

  it("runs again after a rollback", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([
      { target: "database", match: "=ledger.commit", answer: "error", code: "23514", times: 1 },
    ]);
    expect((await worker.register(body, { key })).json.outcome).toBe("rolled_back");
    expect((await worker.register(body, { key })).status).toBe(200);
    await expectRegistered(stack, email);
  });

  it("survives a crash half way: one user, whenever the caller asks again", async () => {
    const { stack, worker } = fixture;
    const create = hold(stack, "cognito", "=AdminCreateUser", "after");
    const first = worker.begin(body, { key });
    await create.reached;
    await worker.kill();
    create.release();
    await expect(first.answer).rejects.toThrow();
    expect(stack.cognito.getUser(email)).toBeDefined();
    expectProblem(await worker.register(body, { key }), inProgress);
    await stack.age(30);
    const again = await worker.register(body, { key });
    expect([again.status, again.headers["idempotency-replayed"]]).toEqual([200, undefined]);
    await expectRegistered(stack, email);
  });

  it("survives a crash after the commit: the stored answer, and the same user", async () => {
    const { stack, worker } = fixture;
    const commit = hold(stack, "database", "=ledger.commit", "after");
    const first = worker.begin(body, { key });
    await commit.reached;
    await worker.kill();
    commit.release();
    await expect(first.answer).rejects.toThrow();
    const { sub } = await expectRegistered(stack, email);
    expectProblem(await worker.register(body, { key }), inProgress);
    await stack.age(1300);
    expect((await worker.sweep())?.completed).toBe(1);
    const again = await worker.register(body, { key });
    expect([again.status, again.json.userId]).toEqual([200, sub]);
    expect(again.headers["idempotency-replayed"]).toBe("true");
    expect(stack.mails(email)).toHaveLength(1);
  });

  it("belongs to its caller", async () => {
    const { stack, worker } = fixture;
    await stack.grant(stack.viewerSub, roles.admin);
    await worker.register(body, { key });
    const other = { email: "other@flip.example", roles: [] };
    const theirs = await worker.register(other, { key, token: stack.viewerToken });
    expect([theirs.status, theirs.headers["idempotency-replayed"]]).toEqual([200, undefined]);
    const same = await worker.register(body, { key: "another", token: stack.viewerToken });
    expect(same.json.code).toBe("user_exists");
  });

  it("tells that its user has been removed since, and registers nobody against the administrator who did", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([{ target: "cognito", match: "RESEND", answer: "throttle" }]);
    const { json } = await worker.register(body, { key });
    await quiet(stack);
    await stack.cognito.deleteUser(json.userId);
    stack.faults.clear();
    for (let sweeps = 0; sweeps < 2; sweeps++) {
      await stack.age(3600);
      await worker.sweep();
    }
    const detail = "The user of this Idempotency-Key was registered, and has been removed since.";
    expectProblem(await worker.register(body, { key }), { status: 409, code: "user_removed", detail });
    expect((await look(stack)).users).toEqual([]);
  });

  it("is forgotten after a day, not before", async () => {
    const { stack, worker } = fixture;
    await worker.register(body, { key });
    await completed();
    const other = { email: "other@flip.example", roles: [] };
    await stack.age(23 * 3600);
    expect((await worker.sweep())?.keysExpired).toBe(0);
    expect((await worker.register(other, { key })).status).toBe(422);
    await stack.age(2 * 3600);
    expect((await worker.sweep())?.keysExpired).toBe(1);
    expect((await worker.register(other, { key })).status).toBe(200);
  });
});

describe("without a key", () => {
  it("lets the address be the key while its registration is open", async () => {
    const { stack, worker } = fixture;
    const create = hold(stack, "cognito", "=AdminCreateUser");
    const first = worker.begin(body);
    await create.reached;
    const second = await worker.register(body);
    expectProblem(second, inProgress);
    create.release();
    expect((await first.answer).headers["operation-id"]).toBe(second.json.operationId);
    expect((await worker.register(body)).json.code).toBe("user_exists");
    await expectRegistered(stack, email);
  });
});
