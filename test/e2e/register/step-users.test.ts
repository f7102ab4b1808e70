/** `POST /api/step/users`: user, grants and audit rows in one commit, or nothing. */
import { describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask } from "../../support/life.ts";
import { auditOf, contradictions, grantsOf, sweepOut } from "../../support/life-story.ts";
import { quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";
import { expectNothingOf, look } from "../../support/stores.ts";

const fixture = useWorker(patient);
const email = "new.user@flip.example";
const both = [roles.researcher, roles.observer];
const step = (body: unknown = { email, roles: both }, headers: Record<string, string> = {}) =>
  ask(fixture, "POST /api/step/users", { body, headers });

describe("201", () => {
  it("carries user_id as FLIP's, and userId too", async () => {
    const answer = await step({ email: " New.User@FLIP.example ", roles: both });
    const sub = fixture.stack.cognito.getUser(email)?.sub;
    expect([answer.status, answer.json]).toEqual([201, { user_id: sub, userId: sub, email, roles: both }]);
    expect(Object.keys(answer.json)).toEqual(["user_id", "userId", "email", "roles"]);
  });

  it("commits user, grants and both audit rows in one statement (gaps 19, 24)", async () => {
    const { stack } = fixture;
    const { json } = await step();
    const rows = await stack.query<{ xmin: string }>(
      `select xmin::text from users_audit where user_id = $1
       union all select xmin::text from user_role where user_id = $1`,
      [json.userId],
    );
    expect([rows.length, new Set(rows.map(({ xmin }) => xmin)).size]).toEqual([4, 1]);
    expect(await auditOf(stack, json.userId)).toEqual(["Registered user", "Updated user roles"]);
    const lookups = stack.faults.calls("cognito").filter(({ operation }) => /^List|AdminGet/.test(operation));
    expect(lookups).toEqual([]);
  });

  it("grants each role once, also where the request names it twice", async () => {
    const { json } = await step({ email, roles: [roles.observer, roles.observer.toUpperCase()] });
    expect(json.roles).toEqual([roles.observer]);
    expect(await grantsOf(fixture.stack, json.userId)).toEqual([roles.observer]);
  });

  it("takes an empty list: a user without roles, and both audit rows", async () => {
    const { json } = await step({ email, roles: [] });
    expect(await grantsOf(fixture.stack, json.userId)).toEqual([]);
    expect(await auditOf(fixture.stack, json.userId)).toEqual(["Registered user", "Updated user roles"]);
  });

  it("is invited once, after the commit", async () => {
    await step();
    await quiet(fixture.stack);
    expect(fixture.stack.mails(email).map(({ kind }) => kind)).toEqual(["resend"]);
  });

  it("is replayed to a repeat with the same Idempotency-Key, and nothing is done again", async () => {
    const { stack } = fixture;
    const first = await step(undefined, { "Idempotency-Key": '"k"' });
    await quiet(stack);
    const again = await step({ email, roles: [...both].reverse() }, { "Idempotency-Key": '"k"' });
    expect([again.status, again.headers["idempotency-replayed"]]).toEqual([201, "true"]);
    expect([again.json.userId, again.json.user_id]).toEqual([first.json.userId, first.json.userId]);
    expect(first.headers["idempotency-replayed"]).toBeUndefined();
    await quiet(stack);
    expect([stack.mails(email).length, (await auditOf(stack, first.json.userId)).length]).toEqual([1, 2]);
  });
});

describe("400", () => {
  it("names the roles that do not exist, and registers nobody", async () => {
    const unknown = crypto.randomUUID();
    const answer = await step({ email, roles: [roles.observer, unknown] });
    const detail = `Invalid role(s): [${unknown}]`;
    expectProblem(answer, { status: 400, code: "unknown_roles", detail });
    await expectNothingOf(fixture.stack, email);
  });

  it("says that the user exists, and leaves their roles alone", async () => {
    const { stack } = fixture;
    const { json } = await step();
    const answer = await step({ email, roles: [] });
    const detail = `User with email ${email} already exists`;
    expectProblem(answer, { status: 400, code: "user_exists", detail });
    expect(await grantsOf(stack, json.userId)).toEqual([...both].sort());
  });
});

describe("422", () => {
  it("refuses a key that registered by the other endpoint: it is another request", async () => {
    await ask(fixture, "POST /api/users/", {
      body: { email, roles: both },
      headers: { "Idempotency-Key": "k" },
    });
    const answer = await step(undefined, { "Idempotency-Key": "k" });
    expect([answer.status, answer.json.code]).toEqual([422, "idempotency_key_reused"]);
  });

  it("reports every bad field, never the input", async () => {
    const answer = await step({ email: "nobody", roles: ["x"] });
    expect([answer.status, answer.json.detail]).toEqual([422, "The request is not valid: roles.0, email."]);
    const locs = answer.json.errors.map(({ loc }: { loc: unknown }) => loc);
    expect(locs).toEqual([
      ["body", "roles", 0],
      ["body", "email"],
    ]);
    expect(answer.text).not.toContain("nobody");
  });
});

describe("500", () => {
  const refused = {
    target: "database",
    match: "/* ledger.commit */",
    answer: "error",
    code: "23503",
  } as const;
  const subOf = (detail: string) => detail.match(/[0-9a-f-]{36}/)?.[0] ?? "";

  it("says that the user has been deleted where the commit was refused, and they are", async () => {
    fixture.stack.faults.set([refused]);
    const answer = await step();
    const sub = subOf(answer.json.detail);
    expectProblem(answer, {
      status: 500,
      code: "registration_rolled_back",
      retryable: true,
      outcome: "rolled_back",
      detail: `Failed to set user roles for user ${sub}. User has been deleted.`,
    });
    fixture.stack.faults.clear();
    await expectNothingOf(fixture.stack, email);
    expect([await grantsOf(fixture.stack, sub), await auditOf(fixture.stack, sub)]).toEqual([
      [],
      ["Registration rolled back"],
    ]);
    expect((await step()).status).toBe(201);
  });

  it("says that manual cleanup is required where the delete failed too, and the sweeper does it", async () => {
    const { stack } = fixture;
    stack.faults.set([refused, { target: "cognito", match: "AdminDeleteUser", answer: "reset" }]);
    const answer = await step();
    const sub = subOf(answer.json.detail);
    expectProblem(answer, {
      status: 500,
      code: "cleanup_required",
      retryable: true,
      outcome: "tracked",
      detail: `Failed to set user roles for user ${sub}; rollback also failed (the user could not be deleted). Manual cleanup required.`,
    });
    expect(stack.cognito.getUser(sub)).toBeDefined();
    stack.faults.clear();
    await sweepOut(fixture);
    await expectNothingOf(stack, email);
    expect(await contradictions(stack)).toEqual([]);
  });

  it("leaves a role that vanished under it to the rollback: no half-registered user", async () => {
    const { stack } = fixture;
    const vanishing = crypto.randomUUID();
    await stack.query("insert into roles values ($1, 'Vanishing', '', now(), now())", [vanishing]);
    stack.faults.before("cognito", "=AdminCreateUser", () =>
      stack.query("delete from roles where id = $1", [vanishing]),
    );
    const answer = await step({ email, roles: [roles.observer, vanishing] });
    expect([answer.status, answer.json.code]).toEqual([500, "registration_rolled_back"]);
    expect((await look(stack)).users).toEqual([]);
    expect(await contradictions(stack)).toEqual([]);
  });
});
