/** A registration that succeeds: what the caller hears, what is in both stores, and how many calls it took. */
import { describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { eventually, hold, quiet } from "../../support/moments.ts";
import { expectRegistered } from "../../support/stores.ts";

const fixture = useWorker(patient);
const email = "new.user@flip.example";

describe("200", () => {
  it("answers with FLIP's body when the user and the audit row are both there", async () => {
    const { stack, worker } = fixture;
    const answer = await worker.register({ email, roles: [roles.researcher, roles.observer] });
    const user = await expectRegistered(stack, email);
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      `{"roles":["${roles.researcher}","${roles.observer}"],"email":"${email}","userId":"${user.sub}"}`,
    );
    expect(answer.headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
    expect(answer.headers["operation-id"]).toBe(user.attributes["custom:registration_id"]);
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(user).toMatchObject({ status: "FORCE_CHANGE_PASSWORD", attributes: { email_verified: "true" } });
  });

  it("answers without the trailing slash as with it, and redirects nobody", async () => {
    const { stack, worker } = fixture;
    for (const [n, path] of ["/api/users", "/api/users/"].entries()) {
      const answer = await worker.register({ email: `u${n}@flip.example`, roles: [] }, { path });
      expect([answer.status, answer.headers.location]).toEqual([200, undefined]);
      await expectRegistered(stack, `u${n}@flip.example`);
    }
  });

  it("registers one mailbox under one address: trimmed and lower-cased as a whole", async () => {
    const { stack, worker } = fixture;
    const answer = await worker.register({ email: " \t New.User@FLIP.Example\r\n", roles: [] });
    expect([answer.status, answer.json.email]).toEqual([200, email]);
    await expectRegistered(stack, email);
  });

  it("folds repeated roles, takes them in any case, and grants none: that is a second call, as in FLIP", async () => {
    const { stack, worker } = fixture;
    const sent = [roles.observer, roles.observer.toUpperCase(), roles.admin];
    const answer = await worker.register({ email, roles: sent });
    expect(answer.json.roles).toEqual([roles.observer, roles.admin]);
    const { sub } = await expectRegistered(stack, email);
    expect(await stack.query("select 1 from user_role where user_id = $1", [sub])).toEqual([]);
  });

  it("takes a hundred roles, plus signs, a BOM, charset and +json types, and ignores what it does not know", async () => {
    const { stack, worker } = fixture;
    const many = Array.from({ length: 100 }, () => crypto.randomUUID());
    for (const id of many)
      await stack.query(
        "insert into roles (id, name, description, created_at, updated_at) values ($1::uuid, $1::text, '', now(), now())",
        [id],
      );
    const bodies = {
      "application/json": JSON.stringify({ email: "a+b@flip.example", roles: many }),
      "Application/JSON; charset=utf-8": `\uFEFF${JSON.stringify({ email: "b@flip.example", roles: [] })}`,
      "application/vnd.flip+json": JSON.stringify({ email: "c@flip.example", roles: [], admin: true }),
    };
    for (const [type, body] of Object.entries(bodies)) {
      const headers = { "Content-Type": type, Authorization: `bearer ${stack.adminToken}` };
      expect((await worker.send({ method: "POST", path: "/api/users/", headers, body })).status).toBe(200);
    }
    for (const local of ["a+b", "b", "c"]) await expectRegistered(stack, `${local}@flip.example`);
  });

  it("takes exactly three remote calls, one after the other, once the signing keys are known", async () => {
    const { stack, worker } = fixture;
    await worker.register({ email: "warm@flip.example", roles: [] });
    await quiet(stack);
    stack.faults.clearCalls();
    const afterwards = hold(stack, "database", "=ledger.acknowledge");
    const { status } = await worker.register({ email, roles: [] });
    expect(status).toBe(200);
    await afterwards.reached;
    const calls = stack.faults.calls().slice(0, -1);
    expect(calls.map(({ operation }) => operation)).toEqual([
      "ledger.open",
      "AdminCreateUser",
      "ledger.commit",
    ]);
    for (const [n, call] of calls.slice(1).entries())
      expect(call.at).toBeGreaterThanOrEqual(calls[n]?.endedAt ?? Number.POSITIVE_INFINITY);
    afterwards.release();
    await quiet(stack);
    expect(
      stack.faults
        .calls()
        .slice(3)
        .map(({ operation }) => operation),
    ).toEqual(["ledger.acknowledge", "AdminCreateUser RESEND", "ledger.complete"]);
  });

  it("mails nobody before the audit row is there, and once afterwards", async () => {
    const { stack, worker } = fixture;
    const commit = hold(stack, "database", "=ledger.commit");
    const { answer } = worker.begin({ email, roles: [] });
    await commit.reached;
    expect(stack.cognito.getUser(email)).toBeDefined();
    expect(stack.mails()).toEqual([]);
    commit.release();
    expect((await answer).status).toBe(200);
    await eventually("the invitation", () => stack.mails(email).length > 0);
    await quiet(stack);
    expect(stack.mails(email)).toMatchObject([{ kind: "resend" }]);
    const rows = await stack.query("select state from registrar.operation");
    expect(rows).toEqual([{ state: "completed" }]);
  });
});
