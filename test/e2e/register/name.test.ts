/** The optional name of a registration: it reaches Cognito, the ledger, the answers and the list, and no log. */
import { describe, expect, it } from "vitest";
import { noProfile, patient, useWorker } from "../../support/fixture.ts";
import { ask } from "../../support/life.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
const email = "new.user@flip.example";
const name = "Žofie O'Connor 李";
const body = { email, roles: [], name };

describe("200", () => {
  it("answers with the name, and Cognito, the ledger and the list have it", async () => {
    const { stack, worker } = fixture;
    const answer = await worker.register(body);
    const { userId } = answer.json;
    expect([answer.status, answer.json]).toEqual([200, { roles: [], email, userId, name }]);
    expect(stack.cognito.getUser(email)?.attributes.name).toBe(name);
    const operation = await ask(fixture, `GET /api/operations/${answer.headers["operation-id"]}`);
    expect(operation.json.name).toBe(name);
    const { data } = (await ask(fixture, `GET /api/users?search=${email}`)).json;
    expect(data).toMatchObject([{ id: userId, email, name, isDisabled: false, roles: [] }]);
    expect(worker.text()).not.toContain("Connor");
  });

  it("grants the roles in the same commit, with the name", async () => {
    const answer = await ask(fixture, "POST /api/step/users", { body });
    expect([answer.status, answer.json.name]).toEqual([201, name]);
  });

  it("takes 255 characters, whatever their size, and answers FLIP's body where there is none", async () => {
    const long = "😀".repeat(255);
    expect((await fixture.worker.register({ ...body, name: long })).json.name).toBe(long);
    const plain = await fixture.worker.register({ email: "another@flip.example", roles: [] });
    expect(Object.keys(plain.json)).toEqual(["roles", "email", "userId"]);
    const { data } = (await ask(fixture, "GET /api/users?search=another")).json;
    expect(data).toMatchObject([noProfile()]);
  });
});

describe("422", () => {
  it("tells a request with another name from the one that the key belongs to", async () => {
    const key = "one-key";
    await fixture.worker.register(body, { key });
    const answer = await fixture.worker.register({ ...body, name: "Somebody Else" }, { key });
    const detail = "This Idempotency-Key was used before, for another request.";
    expectProblem(answer, { status: 422, code: "idempotency_key_reused", detail });
    expect(answer.text).not.toContain(name);
  });
});
