/** The conditions of a change hold when it is done, not only when it is asked for; and a final check never gives. */
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addAdmin, addUser, ask } from "../../support/life.ts";
import { auditOf, changesOf, contradictions, grantsOf, sweepOut } from "../../support/life-story.ts";
import { eventually, quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
const email = "person@flip.example";
let id: string;
beforeEach(async () => {
  id = await addUser(fixture.stack, { email });
});
const put = (disabled: boolean, token?: string) =>
  ask(fixture, `PUT /api/users/${id}`, { body: { disabled }, ...(token && { token }) });
const failing = (match: string, answer: "500" | "throttle" = "500") =>
  fixture.stack.faults.set([{ target: "cognito", match, answer }]);
const later = async () => {
  await quiet(fixture.stack);
  fixture.stack.faults.clear();
};
const mails = () => fixture.stack.mails(email).length;

describe("a user whose deletion is written down, and not done yet", () => {
  const requests: ReadonlyArray<readonly [what: string, body?: object]> = [
    ["PUT /api/users/{id}", { disabled: true }],
    ["PUT /api/users/{id}", { disabled: false }],
    ["POST /api/users/{id}/invitation"],
    ["POST /api/users/{id}/mfa/reset"],
    ["POST /api/users/{id}/roles", { roles: [roles.observer] }],
  ];
  for (const [what, body] of requests)
    it(`is not found by ${what} ${JSON.stringify(body ?? {})}: no change, no audit row, no call`, async () => {
      const { stack } = fixture;
      failing("=AdminDeleteUser");
      expect((await ask(fixture, `DELETE /api/users/${id}`)).status).toBe(500);
      await later();
      stack.faults.clearCalls();
      const answer = await ask(fixture, what.replace("{id}", id), body && { body });
      expectProblem(answer, { status: 404, code: "user_not_found", detail: answer.json.detail });
      const operations = stack.faults.calls("cognito").map(({ operation }) => operation);
      expect(operations.filter((one) => one !== "AdminGetUser" && one !== "JWKS")).toEqual([]);
      expect([await auditOf(stack, id), await grantsOf(stack, id)]).toEqual([["Deleted user"], []]);
      expect((await changesOf(stack, id)).map(({ kind }) => kind)).toEqual(["remove"]);
      expect((await ask(fixture, `DELETE /api/users/${id}`)).status).toBe(200);
    });
});

describe("an invitation that waits for its retry", () => {
  it("is not mailed after the user was disabled; the trail says so under the name of whoever did that", async () => {
    const { stack } = fixture;
    failing("RESEND", "throttle");
    expect((await ask(fixture, `POST /api/users/${id}/invitation`)).status).toBe(500);
    await later();
    const other = await addAdmin(stack);
    expect((await put(true, other.token)).status).toBe(200);
    await sweepOut(fixture);
    expect(mails()).toBe(0);
    const { items } = (await ask(fixture, `GET /api/audit?subject=${id}`)).json;
    expect(items.map(({ action, actor }: { action: string; actor: string }) => [action, actor])).toEqual(
      expect.arrayContaining([
        ["Invited user", stack.adminSub],
        ["Superseded, not known to be done: Invited user", other.sub],
        ["Disabled user", other.sub],
      ]),
    );
    expect(items.length).toBe(3);
    expect(await contradictions(stack, { byHand: [id, other.sub] })).toEqual([]);
  });

  it("is not mailed after the user was disabled at the console, and ends as refused, with its reason", async () => {
    const { stack } = fixture;
    failing("RESEND", "throttle");
    const { json } = await ask(fixture, `POST /api/users/${id}/invitation`);
    await later();
    await stack.cognito.setEnabled(id, false);
    await sweepOut(fixture);
    expect([mails(), await auditOf(stack, id)]).toEqual([
      0,
      ["Invited user", "Not known to be done: Invited user"],
    ]);
    const { json: operation } = await ask(fixture, `GET /api/operations/${json.operationId}`);
    expect(operation).toMatchObject({ state: "refused", reason: "user_disabled" });
    expect(operation.next).toMatchObject({ at: null });
  });

  it("is not opened for a user whom a change is about to disable", async () => {
    failing("=AdminDisableUser");
    expect((await put(true)).status).toBe(500);
    await later();
    const answer = await ask(fixture, `POST /api/users/${id}/invitation`);
    expect([answer.status, answer.json.code]).toEqual([409, "invitation_not_needed"]);
    expect(mails()).toBe(0);
  });
});

describe("the invitation of a registration", () => {
  const newcomer = "new.user@flip.example";
  const registered = async (): Promise<{ userId: string; operation: string }> => {
    failing("RESEND", "throttle");
    const { json, headers } = await ask(fixture, "POST /api/users", { body: { email: newcomer, roles: [] } });
    const isRefused = () =>
      fixture.stack.faults.calls("cognito").some(({ operation }) => /RESEND/.test(operation));
    await eventually("the invitation is refused", isRefused);
    await later();
    return { userId: json.userId, operation: String(headers["operation-id"]) };
  };

  for (const where of ["here", "at the console"])
    it(`is not mailed to a user who was disabled ${where} before it was sent; the registration completes`, async () => {
      const { stack } = fixture;
      const { userId, operation } = await registered();
      if (where === "here") {
        const answer = await ask(fixture, `PUT /api/users/${userId}`, { body: { disabled: true } });
        expect(answer.status).toBe(200);
      } else await stack.cognito.setEnabled(userId, false);
      await sweepOut(fixture);
      expect(stack.mails(newcomer)).toEqual([]);
      const { json } = await ask(fixture, `GET /api/operations/${operation}`);
      expect(json.state).toBe("completed");
      expect(json.history.at(-1).note).toMatch(/^not invited/);
      expect(await auditOf(stack, userId)).toContain("Registered user");
    });

  it("is not mailed to a user whom a change disables between the commit and the mail", async () => {
    const { stack } = fixture;
    let disabled: number | undefined;
    stack.faults.before(
      "database",
      "/* ledger.acknowledge */",
      async () => {
        const sub = stack.cognito.getUser(newcomer)?.sub;
        const answer = await ask(fixture, `PUT /api/users/${sub}`, { body: { disabled: true } });
        disabled = answer.status;
      },
      { once: true },
    );
    const { json } = await ask(fixture, "POST /api/users", { body: { email: newcomer, roles: [] } });
    await eventually("the user is disabled", () => disabled === 200);
    await quiet(stack);
    await sweepOut(fixture);
    expect([stack.mails(newcomer), stack.cognito.getUser(json.userId)?.enabled]).toEqual([[], false]);
  });
});

describe("a final check", () => {
  it("leaves a user disabled whom somebody has disabled at the console since, and calls an operator", async () => {
    const { stack } = fixture;
    await put(true);
    await quiet(stack);
    await put(false);
    await quiet(stack);
    await stack.age(300);
    await stack.cognito.setEnabled(id, false);
    stack.faults.clearCalls();
    await sweepOut(fixture);
    expect(stack.cognito.getUser(id)?.enabled).toBe(false);
    expect(stack.faults.calls("cognito").map(({ operation }) => operation)).not.toContain("AdminEnableUser");
    expect(await auditOf(stack, id)).toEqual(["Disabled user", "Enabled user"]);
    const called = async () => (await ask(fixture, "GET /api/operations?needsOperator=true")).json.items;
    expect(await called()).toMatchObject([{ kind: "enable", state: "done", userId: id }]);
    expect((await called())[0].next.what).toMatch(/the pool has them disabled/);
    expect((await put(false)).status).toBe(200);
    expect([stack.cognito.getUser(id)?.enabled, await called()]).toEqual([true, []]);
  });

  it("disables once more whom the last word has disabled, and its history says so", async () => {
    const { stack } = fixture;
    await put(false);
    await put(true);
    await quiet(stack);
    await stack.cognito.setEnabled(id, true);
    await sweepOut(fixture);
    expect(stack.cognito.getUser(id)?.enabled).toBe(false);
    const [, disabling] = await changesOf(stack, id);
    const { json } = await ask(fixture, `GET /api/operations/${disabling?.id}`);
    expect(json.history.at(-1)).toMatchObject({ by: "sweeper", note: "disabled once more" });
  });
});
