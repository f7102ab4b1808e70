/** The second factor: resetting it, the gate (`ENFORCE_MFA=true`), and one's own status. */
import { beforeEach, describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { addAdmin, addUser, ask, tokenOf } from "../../support/life.ts";
import { auditOf, changesOf, sweepOut } from "../../support/life-story.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker({ ...patient, ENFORCE_MFA: "true" });
let boss: { sub: string; token: string };
beforeEach(async () => {
  boss = await addAdmin(fixture.stack);
  await fixture.stack.cognito.setTotp(boss.sub, true);
});
const roles = (token = boss.token) => ask(fixture, "GET /api/roles", { token });
const reset = (user: string) => ask(fixture, `POST /api/users/${user}/mfa/reset`, { token: boss.token });
const status = (token: string) => ask(fixture, "GET /api/users/me/mfa/status", { token });
const looks = () =>
  fixture.stack.faults.calls("cognito").filter(({ operation }) => operation === "AdminGetUser").length;
const totp = async (user: string) => (await status(tokenOf(fixture.stack, user))).json.enabled;

describe("the gate", () => {
  it("lets an enrolled caller through, and asks Cognito once for a minute", async () => {
    const before = looks();
    expect([(await roles()).status, (await roles()).status, looks() - before]).toEqual([200, 200, 1]);
  });

  it("refuses a caller without a second factor, and asks again as soon as they have one", async () => {
    const { stack } = fixture;
    const { sub, token } = await addAdmin(stack);
    const detail = "MFA enrolment required";
    for (let turn = 0; turn < 2; turn++)
      expectProblem(await roles(token), { status: 403, code: "mfa_required", detail });
    await stack.cognito.setTotp(sub, true);
    expect((await roles(token)).status).toBe(200);
  });

  it("does not know a deleted or disabled caller: 401, not 500", async () => {
    const { stack } = fixture;
    for (const end of ["deleted", "disabled"]) {
      const { sub, token } = await addAdmin(stack);
      await stack.cognito.setTotp(sub, true);
      if (end === "deleted") await stack.cognito.deleteUser(sub);
      else await stack.cognito.setEnabled(sub, false);
      const detail = "Could not validate credentials";
      expectProblem(await roles(token), { status: 401, code: "invalid_token", detail });
    }
  });

  for (const answer of ["reset", "500", "throttle"] as const)
    it(`is a 503 where Cognito answers ${answer}, and remembers nothing`, async () => {
      const { stack } = fixture;
      stack.faults.set([{ target: "cognito", match: "=AdminGetUser", answer }]);
      const { token } = await addAdmin(stack);
      expect((await roles(token)).json).toMatchObject({ status: 503, code: "identity_provider_unavailable" });
      stack.faults.clear();
      expect((await roles(token)).json.code).toBe("mfa_required");
    });

  it("believes an enrolled caller through an outage of Cognito, for a minute", async () => {
    await roles();
    fixture.stack.faults.set([{ target: "cognito", answer: "reset" }]);
    expect((await roles()).status).toBe(200);
  });

  it("forgets a caller whose second factor was reset, at once", async () => {
    const { stack } = fixture;
    const { sub, token } = await addAdmin(stack);
    await stack.cognito.setTotp(sub, true);
    expect((await roles(token)).status).toBe(200);
    expect((await reset(sub)).status).toBe(200);
    expect((await roles(token)).json.code).toBe("mfa_required");
  });

  it("stands before the permission: an unenrolled viewer hears of the factor only, and no denial is recorded", async () => {
    const { stack } = fixture;
    expect((await roles(stack.viewerToken)).json.code).toBe("mfa_required");
    expect(await auditOf(stack, stack.viewerSub)).toEqual([]);
  });

  it("asks before it reads the body: the refused cannot probe it", async () => {
    const token = fixture.stack.viewerToken;
    const answer = await ask(fixture, "POST /api/step/users", { token, body: "{" });
    expect(answer.json.code).toBe("mfa_required");
  });
});

describe("GET /api/users/me/mfa/status", () => {
  it("200: is not gated, and says whether a factor is there and wanted", async () => {
    const { stack } = fixture;
    expect((await status(stack.viewerToken)).json).toEqual({ enabled: false, required: true });
    expect((await status(boss.token)).json).toEqual({ enabled: true, required: true });
  });

  it("404: a token whose user is gone", async () => {
    const sub = crypto.randomUUID();
    const detail = `User with ID ${sub} is not registered.`;
    const answer = await status(tokenOf(fixture.stack, sub));
    expectProblem(answer, { status: 404, code: "user_not_found", detail });
  });
});

describe("POST /api/users/{id}/mfa/reset", () => {
  let id: string;
  beforeEach(async () => {
    id = await addUser(fixture.stack, { confirmed: true });
    await fixture.stack.cognito.setTotp(id, true);
  });

  it("200: switches the factor off, signs the user out, and audits it before", async () => {
    const { stack } = fixture;
    let before: unknown;
    stack.faults.before("cognito", "AdminSetUserMFAPreference", async () => {
      before = await auditOf(stack, id);
    });
    const answer = await reset(id);
    expect([answer.status, answer.json]).toEqual([200, { remaining: [] }]);
    expect([before, await totp(id)]).toEqual([["Reset user MFA"], false]);
    expect(stack.faults.calls().map(({ operation }) => operation)).toContain("AdminUserGlobalSignOut");
  });

  it("200: names what is left, such as a passkey; null where that cannot be read", async () => {
    const { stack } = fixture;
    await stack.cognito.setFactors(id, ["SOFTWARE_TOKEN_MFA", "SMS_MFA", "WEB_AUTHN"]);
    expect((await reset(id)).json).toEqual({ remaining: ["WEB_AUTHN"] });
    stack.faults.set([{ target: "cognito", match: "AdminGetUserAuthFactors", answer: "500" }]);
    const answer = await reset(id);
    expect([answer.status, answer.json]).toEqual([200, { remaining: null }]);
  });

  it("200: may be repeated, and resets a user who has no factor", async () => {
    await reset(id);
    expect((await reset(id)).status).toBe(200);
  });

  it("404: FLIP's words, and nothing written", async () => {
    const nobody = crypto.randomUUID();
    const detail = `User with ID ${nobody} is not registered.`;
    expectProblem(await reset(nobody), { status: 404, code: "user_not_found", detail });
    expect([await auditOf(fixture.stack, nobody), await changesOf(fixture.stack, nobody)]).toEqual([[], []]);
  });

  for (const match of ["AdminSetUserMFAPreference", "AdminDeleteSoftwareToken", "AdminUserGlobalSignOut"])
    it(`500: tracked where ${match} fails, audited all the same, and the sweeper does the rest`, async () => {
      const { stack } = fixture;
      stack.faults.set([{ target: "cognito", match, answer: "500" }]);
      expectProblem(await reset(id), {
        status: 500,
        code: "reset_mfa_tracked",
        outcome: "tracked",
        retryable: true,
        detail: "Failed to reset user MFA",
      });
      expect(await auditOf(stack, id)).toEqual(["Reset user MFA"]);
      stack.faults.clear();
      stack.faults.clearCalls();
      await sweepOut(fixture);
      const done = stack.faults.calls("cognito").map(({ operation }) => operation);
      expect(done.slice(-2)).toEqual(["AdminDeleteSoftwareToken", "AdminUserGlobalSignOut"]);
      expect([await totp(id), await auditOf(stack, id)]).toEqual([false, ["Reset user MFA"]]);
    });
});
