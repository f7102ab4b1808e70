/** `POST /api/users/{id}/invitation`: sends it again, while the user has not signed in. What it answers, by state. */
import { beforeEach, describe, expect, it } from "vitest";
import { useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { auditOf, changesOf, sweepOut } from "../../support/life-story.ts";
import { quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker({ DATABASE_TIMEOUT_MS: "5000" });
const email = "person@flip.example";
let id: string;
beforeEach(async () => {
  id = await addUser(fixture.stack, { email });
});
const invite = (user = id) => ask(fixture, `POST /api/users/${user}/invitation`);
const mails = () => fixture.stack.mails(email).length;

describe("200", () => {
  it("mails a user who has not signed in (FORCE_CHANGE_PASSWORD), and the trail says so", async () => {
    const answer = await invite();
    expect([answer.status, answer.json]).toEqual([200, { invitation: "sent" }]);
    expect([mails(), await auditOf(fixture.stack, id)]).toEqual([1, ["Invited user"]]);
  });

  it("may be asked for again: each time another mail", async () => {
    await invite();
    await quiet(fixture.stack);
    await invite();
    expect([mails(), await auditOf(fixture.stack, id)]).toEqual([2, ["Invited user", "Invited user"]]);
  });
});

describe("404", () => {
  it("says that the user is not registered, and writes nothing", async () => {
    const nobody = crypto.randomUUID();
    const detail = `User with ID ${nobody} is not registered.`;
    expectProblem(await invite(nobody), { status: 404, code: "user_not_found", detail });
    expect(await auditOf(fixture.stack, nobody)).toEqual([]);
  });
});

describe("409", () => {
  const states = { CONFIRMED: "CONFIRMED", RESET_REQUIRED: "RESET_REQUIRED" } as const;
  for (const status of Object.values(states))
    it(`refuses a user who is ${status}: no mail, no audit row`, async () => {
      const { stack } = fixture;
      await stack.cognito.setStatus(id, status);
      const detail = `An invitation can be sent only to an enabled user who has not signed in yet; this one is ${status}.`;
      expectProblem(await invite(), { status: 409, code: "invitation_not_needed", detail });
      expect([mails(), await auditOf(stack, id)]).toEqual([0, []]);
    });

  it("refuses a disabled user: no mail, no audit row", async () => {
    const { stack } = fixture;
    await stack.cognito.setEnabled(id, false);
    const detail =
      "An invitation can be sent only to an enabled user who has not signed in yet; this one is DISABLED.";
    expectProblem(await invite(), { status: 409, code: "invitation_not_needed", detail });
    expect([mails(), await auditOf(stack, id)]).toEqual([0, []]);
  });
});

describe("500", () => {
  it("is tracked where the answer is lost, and the sweeper sends it once more", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "cognito", match: "RESEND", effect: "applied", answer: "reset" }]);
    expectProblem(await invite(), {
      status: 500,
      code: "invite_tracked",
      outcome: "tracked",
      retryable: true,
      detail: "Failed to send the invitation",
    });
    expect(mails()).toBe(1);
    stack.faults.clear();
    await sweepOut(fixture);
    expect(mails()).toBe(2);
    expect(await auditOf(stack, id)).toEqual(["Invited user"]);
  });

  it("is not sent by the sweeper to a user who has signed in meanwhile", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "cognito", match: "RESEND", answer: "reset" }]);
    await invite();
    await quiet(stack);
    stack.faults.clear();
    await stack.cognito.confirm(id);
    await sweepOut(fixture);
    expect([mails(), (await changesOf(stack, id)).map(({ state }) => state)]).toEqual([0, ["refused"]]);
    expect(await auditOf(stack, id)).toEqual(["Invited user", "Not known to be done: Invited user"]);
  });
});

describe("409 change_refused", () => {
  it("ends where Cognito refuses for good, says why, and the trail says that nothing was sent; nobody tries again", async () => {
    const { stack } = fixture;
    const refused = { answer: "error", code: "InvalidParameterException" } as const;
    stack.faults.set([{ target: "cognito", match: "RESEND", ...refused }]);
    const answer = await invite();
    expectProblem(answer, {
      status: 409,
      code: "change_refused",
      detail: "Failed to send the invitation",
      reason: answer.json.reason,
    });
    expect(answer.json.reason).toMatch(/^other$|^address_not_accepted$/);
    stack.faults.clear();
    stack.faults.clearCalls();
    await sweepOut(fixture);
    expect([mails(), await auditOf(stack, id)]).toEqual([0, ["Invited user", "Not done: Invited user"]]);
    expect(stack.faults.calls("cognito").map(({ operation }) => operation)).not.toContain(
      "AdminCreateUser RESEND",
    );
    const operation = (await ask(fixture, `GET /api/operations/${answer.json.operationId}`)).json;
    expect(operation).toMatchObject({ state: "refused", reason: answer.json.reason, next: { at: null } });
    const again = await ask(fixture, `POST /api/operations/${answer.json.operationId}/resolve`);
    expect([again.status, again.json.resolution]).toEqual([200, "already_resolved"]);
    expect((await invite()).status).toBe(200);
  });
});

describe("503", () => {
  it("writes nothing where the user cannot be looked up", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "cognito", match: "=AdminGetUser", answer: "hang" }]);
    expect((await invite()).status).toBe(503);
    expect([mails(), await auditOf(stack, id), await changesOf(stack, id)]).toEqual([0, [], []]);
  });
});
