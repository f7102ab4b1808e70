/** `PUT /api/users/{id}` with name and organisation: FLIP's profile, alone or with a disabling or an enabling, all or nothing. */
import { beforeEach, describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { auditOf, changesOf, contradictions, sweepOut } from "../../support/life-story.ts";
import { hold, quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient, { flip: "2026-09" });
let id: string;
beforeEach(async () => {
  id = await addUser(fixture.stack, { email: "ada@flip.example" });
});
const put = (body: object, headers: Record<string, string> = {}) =>
  ask(fixture, `PUT /api/users/${id}`, { body, headers });
const profile = async () =>
  (await fixture.stack.query("select name, organisation from user_profile where user_id = $1", [id]))[0];
const enabled = () => fixture.stack.cognito.getUser(id)?.enabled;
const ada = { name: "Ada Lovelace", organisation: "Analytical Engines" };

describe("200", () => {
  it("answers what was sent, and lists and look-ups show both, to any caller", async () => {
    const { stack } = fixture;
    const answer = await put(ada);
    expect([answer.status, answer.json]).toEqual([200, ada]);
    expect((await put({ organisation: "Navy", name: null })).json).toEqual({ organisation: "Navy" });
    const shown = {
      id,
      email: "ada@flip.example",
      name: "Ada Lovelace",
      organisation: "Navy",
      isDisabled: false,
    };
    for (const key of [id, "ada@flip.example"])
      expect((await ask(fixture, `GET /api/users/${key}`)).json).toMatchObject(shown);
    const others = await ask(fixture, `GET /api/users/${id}`, { token: stack.viewerToken });
    expect(others.json).toEqual(shown);
    for (const search of ["ada@", "LOVELACE", "navy"])
      for (const cursor of ["", "&cursor="]) {
        const { data } = (await ask(fixture, `GET /api/users?search=${search}${cursor}`)).json;
        expect(data, search).toMatchObject([shown]);
      }
    expect(await auditOf(stack, id)).toEqual(["Updated user profile", "Updated user profile"]);
    expect(stack.faults.calls("cognito").map(({ operation }) => operation)).not.toContain(
      "AdminUpdateUserAttributes",
    );
  });

  it("does both in one statement, with FLIP's one audit row", async () => {
    const { stack } = fixture;
    const answer = await put({ disabled: true, ...ada });
    expect([answer.status, answer.json]).toEqual([200, { disabled: true, ...ada }]);
    expect([enabled(), await profile()]).toEqual([false, ada]);
    const rows = await stack.query<{ xmin: string }>(
      `select xmin::text from users_audit where user_id = $1
       union all select xmin::text from user_profile where user_id = $1`,
      [id],
    );
    expect([rows.length, new Set(rows.map(({ xmin }) => xmin)).size]).toEqual([2, 1]);
    await quiet(stack);
    expect((await put({ disabled: false, name: "Grace" })).json).toEqual({ disabled: false, name: "Grace" });
    expect(await auditOf(stack, id)).toEqual([
      "Disabled user and updated profile",
      "Enabled user and updated profile",
    ]);
  });

  it("shows the pool's name as long as the table has none", async () => {
    const named = await addUser(fixture.stack, { attributes: { name: "From the pool" } });
    const { json } = await ask(fixture, `GET /api/users/${named}`);
    expect([json.name, json.organisation]).toEqual(["From the pool", ""]);
  });
});

describe("409 and 412", () => {
  it("refuses an update of somebody who has changed since, also where FLIP has written the profile", async () => {
    const { stack } = fixture;
    const look = async () => String((await ask(fixture, `GET /api/users/${id}`)).headers.etag);
    const seen = await look();
    await put({ name: "Grace" });
    const failed = await put(ada, { "If-Match": seen });
    expect([failed.status, failed.json.code]).toEqual([412, "precondition_failed"]);
    const again = await look();
    await stack.query("update user_profile set organisation = 'FLIP' where user_id = $1", [id]);
    expect((await put({ disabled: true }, { "If-Match": again })).status).toBe(412);
    expect((await put(ada, { "If-Match": await look() })).status).toBe(200);
  });

  it("refuses to disable one's own account with a profile, and writes neither", async () => {
    const { stack } = fixture;
    const own = await ask(fixture, `PUT /api/users/${stack.adminSub}`, { body: { disabled: true, ...ada } });
    expect([own.status, own.json.code]).toEqual([409, "own_account"]);
    expect(await stack.query("select from user_profile where user_id = $1", [stack.adminSub])).toEqual([]);
    const name = await ask(fixture, `PUT /api/users/${stack.adminSub}`, { body: ada });
    expect(name.status).toBe(200);
  });

  it("names what was written where Cognito refuses the rest for good", async () => {
    const { stack } = fixture;
    stack.faults.set([
      { target: "cognito", match: "=AdminDisableUser", answer: "error", code: "InvalidParameterException" },
    ]);
    const answer = await put({ disabled: true, ...ada });
    const detail = "Failed to update user";
    const told = { status: 409, code: "change_refused", detail, outcome: "partly_done" } as const;
    expectProblem(answer, { ...told, updated: ["name", "organisation"] });
    expect([enabled(), await profile()]).toEqual([true, ada]);
    expect(await auditOf(stack, id)).toEqual([
      "Disabled user and updated profile",
      "Not done: Disabled user",
    ]);
  });
});

describe("404", () => {
  it("says that the user is not registered, and writes nothing", async () => {
    const nobody = crypto.randomUUID();
    const answer = await ask(fixture, `PUT /api/users/${nobody}`, { body: ada });
    const detail = `User with ID ${nobody} is not registered.`;
    expectProblem(answer, { status: 404, code: "user_not_found", detail });
    expect(await auditOf(fixture.stack, nobody)).toEqual([]);
  });
});

describe("422", () => {
  const bad: [field: string, value: unknown, type: string][] = [
    ...["name", "organisation"].flatMap((field): [string, unknown, string][] => [
      [field, "", "string_too_short"],
      [field, "x".repeat(256), "string_too_long"],
      [field, " ", "value_error"],
      [field, "a\u0000b", "value_error"],
      [field, 7, "string_type"],
    ]),
  ];
  for (const [field, value, type] of bad)
    it(`refuses ${field} = ${JSON.stringify(value).slice(0, 12)} as ${type}, and does nothing of the rest`, async () => {
      const answer = await put({ disabled: true, [field]: value });
      expect([answer.status, answer.json.errors]).toMatchObject([422, [{ type, loc: ["body", field] }]]);
      expect([enabled(), await profile(), await auditOf(fixture.stack, id)]).toEqual([true, undefined, []]);
    });
});

describe("500 and 503", () => {
  it("keeps the profile, and tracks the disabling that Cognito has not answered", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "cognito", match: "=AdminDisableUser", answer: "500" }]);
    const answer = await put({ disabled: true, name: "Ada" });
    const detail = "Failed to update user";
    const told = {
      status: 500,
      code: "disable_tracked",
      detail,
      outcome: "tracked",
      retryable: true,
    } as const;
    expectProblem(answer, { ...told, updated: ["name"] });
    expect(await profile()).toEqual({ name: "Ada", organisation: "" });
    expect((await put({ disabled: true, organisation: "Navy" })).json.code).toBe("disable_tracked");
    stack.faults.clear();
    await sweepOut(fixture);
    expect([enabled(), await profile()]).toEqual([false, { name: "Ada", organisation: "Navy" }]);
    expect((await changesOf(stack, id)).map(({ kind }) => kind)).toEqual(["disable"]);
    expect(await auditOf(stack, id)).toEqual(["Disabled user and updated profile", "Updated user profile"]);
    expect(await contradictions(stack, { byHand: [id] })).toEqual([]);
  });

  it("is done once where the answer of its statement was lost", async () => {
    const { stack } = fixture;
    const lost = { target: "database", effect: "applied", answer: "reset", times: 1 } as const;
    stack.faults.set([{ ...lost, match: "/* changes.setProfile */" }]);
    expect((await put(ada)).status).toBe(200);
    expect(await auditOf(stack, id)).toEqual(["Updated user profile"]);
  });

  it("lets no update that lands late undo one that was answered since, and said that nothing is certain", async () => {
    const { stack } = fixture;
    const match = "/* changes.setProfile */";
    const late = [hold(stack, "database", match), hold(stack, "database", match)];
    const first = await put(ada);
    expect([first.status, first.json.outcome]).toEqual([503, "unknown"]);
    expect((await put({ name: "Grace", organisation: "Navy" })).status).toBe(200);
    for (const call of late) call.release();
    await quiet(stack);
    expect(await profile()).toEqual({ name: "Grace", organisation: "Navy" });
    expect(await auditOf(stack, id)).toEqual(["Updated user profile"]);
  });
});
