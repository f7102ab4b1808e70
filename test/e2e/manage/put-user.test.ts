/** `PUT /api/users/{id}`: disables or enables; XNAT's trust tasks are out of scope. */
import { beforeEach, describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { auditOf, changesOf, contradictions, sweepOut } from "../../support/life-story.ts";
import { quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
let id: string;
beforeEach(async () => {
  id = await addUser(fixture.stack);
});
const put = (disabled: unknown, user = id) => ask(fixture, `PUT /api/users/${user}`, { body: { disabled } });
const enabled = () => fixture.stack.cognito.getUser(id)?.enabled;

describe("200", () => {
  it("disables, then enables, each with its audit row", async () => {
    expect((await put(true)).json).toEqual({ disabled: true });
    expect(enabled()).toBe(false);
    expect((await put(false)).json).toEqual({ disabled: false });
    expect(enabled()).toBe(true);
    expect(await auditOf(fixture.stack, id)).toEqual(["Disabled user", "Enabled user"]);
  });

  it("writes the audit row before it asks Cognito: an audit failure leaves nothing half done", async () => {
    const { stack } = fixture;
    let before: unknown;
    stack.faults.before("cognito", "AdminDisableUser", async () => {
      before = [await auditOf(stack, id), enabled()];
    });
    await put(true);
    expect(before).toEqual([["Disabled user"], true]);
  });

  const lax: [value: unknown, disabled: boolean][] = [
    ...[true, 1, 1.0, "true", "TRUE", "True", "1", "yes", "y", "on", "t", "T"].map(
      (one) => [one, true] as const,
    ),
    ...[false, 0, -0, "false", "False", "0", "no", "N", "off", "f"].map((one) => [one, false] as const),
  ].map(([value, disabled]) => [value, disabled]);
  for (const [value, disabled] of lax)
    it(`takes ${JSON.stringify(value)} for ${disabled} (pydantic's lax bool)`, async () => {
      expect((await put(value)).json).toEqual({ disabled });
      expect(enabled()).toBe(!disabled);
    });

  it("disables a member whose address FLIP could not read", async () => {
    const odd = await addUser(fixture.stack, { email: "x@y.test" });
    expect((await put(true, odd)).status).toBe(200);
  });

  it("is looked at once more where the opposite was asked for within the horizon", async () => {
    const { stack } = fixture;
    await put(true);
    await put(false);
    await quiet(stack);
    expect((await changesOf(stack, id)).map(({ kind, grace_until }) => [kind, grace_until !== null])).toEqual(
      [
        ["disable", false],
        ["enable", true],
      ],
    );
    await sweepOut(fixture);
    expect([enabled(), await contradictions(stack, { byHand: [id] })]).toEqual([true, []]);
  });
});

describe("404", () => {
  it("says that the user is not registered, and writes nothing", async () => {
    const nobody = crypto.randomUUID();
    const detail = `User with ID ${nobody} is not registered.`;
    expectProblem(await put(true, nobody), { status: 404, code: "user_not_found", detail });
    expect([await auditOf(fixture.stack, nobody), await changesOf(fixture.stack, nobody)]).toEqual([[], []]);
  });

  it("says so of a user who is deleted between the look and the call, and leaves no change open", async () => {
    const { stack } = fixture;
    stack.faults.before("cognito", "AdminDisableUser", () => stack.cognito.deleteUser(id), { once: true });
    expect((await put(true)).status).toBe(404);
    await quiet(stack);
    expect((await changesOf(stack, id)).map(({ state }) => state)).toEqual(["refused"]);
    expect(await auditOf(stack, id)).toEqual(["Disabled user", "Not done: Disabled user"]);
  });
});

describe("422", () => {
  const bad: [value: unknown, type: string][] = [
    ...([2, -1, 0.5, "", "2", "ja", " true", "truee"] as const).map((one) => [one, "bool_parsing"] as const),
    ...[[], {}].map((one) => [one, "bool_type"] as const),
  ].map(([value, type]) => [value, type]);
  for (const [value, type] of bad)
    it(`refuses ${JSON.stringify(value)} as ${type}, and changes nothing`, async () => {
      const answer = await put(value);
      expect([answer.status, answer.json.errors]).toMatchObject([422, [{ type, loc: ["body", "disabled"] }]]);
      expect([enabled(), await auditOf(fixture.stack, id)]).toEqual([true, []]);
    });

  it("refuses a body in which nothing is said, in FLIP's words", async () => {
    for (const body of [{}, { disabled: null }, { disabled: null, name: null, organisation: null }]) {
      const answer = await ask(fixture, `PUT /api/users/${id}`, { body });
      expect([answer.status, answer.json.errors]).toEqual([
        422,
        [
          {
            type: "value_error",
            loc: ["body"],
            msg: "Value error, At least one user field must be supplied",
          },
        ],
      ]);
    }
  });

  it("collects path and body errors before it asks for permission", async () => {
    const token = fixture.stack.viewerToken;
    const answer = await ask(fixture, `PUT /api/users/${id}`, { token, body: { disabled: "x" } });
    expect(answer.status).toBe(422);
    expect((await ask(fixture, "PUT /api/users/me", { token, body: { disabled: true } })).status).toBe(422);
  });

  it("answers malformed JSON with 400 and another media type with 415", async () => {
    const what = `PUT /api/users/${id}`;
    expect((await ask(fixture, what, { body: '{"disabled":NaN}' })).status).toBe(400);
    const headers = { "Content-Type": "text/plain" };
    expect((await ask(fixture, what, { body: '{"disabled":true}', headers })).status).toBe(415);
    const large = `{"disabled":true,"more":"${"x".repeat(65_536)}"}`;
    expect((await ask(fixture, what, { body: large })).status).toBe(413);
    expect(enabled()).toBe(true);
  });
});

describe("500", () => {
  for (const [disabled, match] of [
    [true, "AdminDisableUser"],
    [false, "AdminEnableUser"],
  ] as const)
    it(`is tracked where ${match} fails, and the sweeper carries it out`, async () => {
      const { stack } = fixture;
      await stack.cognito.setEnabled(id, disabled);
      stack.faults.set([{ target: "cognito", match, answer: "500" }]);
      const code = disabled ? "disable_tracked" : "enable_tracked";
      const detail = "Failed to update user";
      expectProblem(await put(disabled), {
        status: 500,
        code,
        detail,
        outcome: "tracked",
        retryable: true,
      });
      expect(enabled()).toBe(disabled);
      stack.faults.clear();
      await sweepOut(fixture);
      expect([enabled(), await contradictions(stack, { byHand: [id] })]).toEqual([!disabled, []]);
    });

  it("gives way to the opposite: the newer wish wins, however the older one ends", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "cognito", match: "AdminDisableUser", answer: "500", times: 2 }]);
    await put(true);
    expect((await put(false)).status).toBe(200);
    stack.faults.clearCalls();
    await sweepOut(fixture);
    const superseded = "Superseded, not known to be done: Disabled user";
    expect([enabled(), await auditOf(stack, id)]).toEqual([
      true,
      ["Disabled user", "Enabled user", superseded],
    ]);
    const operations = stack.faults.calls("cognito").map(({ operation }) => operation);
    expect(operations).not.toContain("AdminDisableUser");
  });
});
