/**
 * Calls that take effect long after their sender has given up: whatever was asked for last is what holds in the end, or an
 * operator is called where only enabling a user would make it so. Each of these failed once.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { useWorker } from "../../support/fixture.ts";
import { addAdmin, addUser, ask } from "../../support/life.ts";
import { auditOf, contradictions, grantsOf, HORIZON, sweepOut } from "../../support/life-story.ts";
import { hold, quiet } from "../../support/moments.ts";

const fixture = useWorker();
let id: string;
beforeEach(async () => {
  id = await addUser(fixture.stack);
});
const put = (disabled: boolean) => ask(fixture, `PUT /api/users/${id}`, { body: { disabled } });
const setRoles = (to: string[], token?: string) =>
  ask(fixture, `POST /api/users/${id}/roles`, { body: { roles: to }, ...(token !== undefined && { token }) });
const enabled = () => fixture.stack.cognito.getUser(id)?.enabled;

/**
 * The whole story, after everything that was under way has landed and the sweeper has had its time: nobody enables a user
 * on their own, for a hand at the console may have disabled them; so an operator is called, and one more word ends it.
 */
async function expectAnOperatorInTheEnd() {
  await sweepOut(fixture);
  expect(enabled()).toBe(false);
  const called = async () => (await ask(fixture, "GET /api/operations?needsOperator=true")).json.items;
  expect(await called()).toMatchObject([{ kind: "enable", userId: id, state: "done" }]);
  expect((await put(false)).status).toBe(200);
  await sweepOut(fixture);
  expect([enabled(), await called()]).toEqual([true, []]);
  expect((await auditOf(fixture.stack, id)).at(-1)).toBe("Enabled user");
  expect(await contradictions(fixture.stack, { byHand: [id] })).toEqual([]);
}

describe("a disable that lands after the enable", () => {
  it("of a request whose change the enable has superseded", async () => {
    const { stack } = fixture;
    const first = [hold(stack, "cognito", "AdminDisableUser"), hold(stack, "cognito", "AdminDisableUser")];
    const tracked = await put(true);
    expect(tracked.json.code).toBe("disable_tracked");
    expect((await put(false)).status).toBe(200);
    for (const call of first) call.release();
    await quiet(stack);
    expect(enabled()).toBe(false);
    await expectAnOperatorInTheEnd();
  });

  it("of the sweeper, for a change that was asked for more than a horizon ago", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([{ target: "cognito", match: "AdminDisableUser", answer: "500" }]);
    await put(true);
    stack.faults.clear();
    await stack.age(3 * HORIZON);
    const late = [hold(stack, "cognito", "AdminDisableUser"), hold(stack, "cognito", "AdminDisableUser")];
    expect(await worker.sweep()).toMatchObject({ deferred: 1 });
    expect((await put(false)).status).toBe(200);
    for (const call of late) call.release();
    await quiet(stack);
    expect(enabled()).toBe(false);
    await expectAnOperatorInTheEnd();
  });

  it("of the sweeper's final check of a change", async () => {
    const { stack, worker } = fixture;
    await put(false);
    await put(true);
    await quiet(stack);
    await stack.age(2 * HORIZON);
    const late = hold(stack, "cognito", "AdminDisableUser");
    expect(await worker.sweep()).toMatchObject({ grace_ended: 1 });
    expect((await put(false)).status).toBe(200);
    late.release();
    await quiet(stack);
    expect(enabled()).toBe(false);
    await expectAnOperatorInTheEnd();
  });
});

describe("an enable that lands after the disable", () => {
  it("is undone by the final check: the last word holds in the end", async () => {
    const { stack } = fixture;
    await stack.cognito.setEnabled(id, false);
    const late = [hold(stack, "cognito", "AdminEnableUser"), hold(stack, "cognito", "AdminEnableUser")];
    expect((await put(false)).json.code).toBe("enable_tracked");
    expect((await put(true)).status).toBe(200);
    for (const call of late) call.release();
    await quiet(stack);
    expect(enabled()).toBe(true);
    await sweepOut(fixture);
    expect(enabled()).toBe(false);
    expect((await auditOf(stack, id)).toSorted()).toEqual([
      "Disabled user",
      "Enabled user",
      "Superseded, not known to be done: Enabled user",
    ]);
    expect(await contradictions(stack, { byHand: [id] })).toEqual([]);
  });
});

describe("the opening of a change that lands late", () => {
  it("does nothing over the opposite that was asked for later, and its caller heard that nothing is certain", async () => {
    const { stack } = fixture;
    const late = [
      hold(stack, "database", "/* changes.open */"),
      hold(stack, "database", "/* changes.open */"),
    ];
    const first = await put(true);
    expect([first.status, first.json.outcome]).toEqual([503, "unknown"]);
    expect((await put(false)).status).toBe(200);
    for (const call of late) call.release();
    await sweepOut(fixture);
    expect([enabled(), await auditOf(stack, id)]).toEqual([true, ["Enabled user"]]);
  });
});

describe("a change of roles that lands twice", () => {
  it("does not undo the change that was made since", async () => {
    const { stack } = fixture;
    const late = hold(stack, "database", "/* access.setRoles */");
    expect((await setRoles([roles.researcher])).status).toBe(200);
    expect((await setRoles([roles.observer])).status).toBe(200);
    late.release();
    await quiet(stack);
    expect(await grantsOf(stack, id)).toEqual([roles.observer]);
    expect(await auditOf(stack, id)).toEqual(["Updated user roles", "Updated user roles"]);
  });

  it("is a 200 to one who gave their own permission away by it, not a 403", async () => {
    const { stack } = fixture;
    const { sub, token } = await addAdmin(stack);
    id = sub;
    stack.faults.set([
      { target: "database", match: "/* access.setRoles */", effect: "applied", answer: "reset", times: 1 },
    ]);
    expect((await setRoles([roles.observer], token)).status).toBe(200);
    expect(await auditOf(stack, id)).toEqual(["Updated user roles"]);
  });

  it("does not take effect over one that was asked for later, and its caller heard that nothing is certain", async () => {
    const { stack } = fixture;
    const late = [
      hold(stack, "database", "/* access.setRoles */"),
      hold(stack, "database", "/* access.setRoles */"),
    ];
    const first = await setRoles([roles.admin]);
    expect([first.status, first.json.outcome, first.json.retryable]).toEqual([503, "unknown", true]);
    expect((await setRoles([roles.observer])).status).toBe(200);
    for (const call of late) call.release();
    await quiet(stack);
    expect(await grantsOf(stack, id)).toEqual([roles.observer]);
    const trail = ["Updated user roles", "Role change overtaken by a later one"];
    expect(await auditOf(stack, id)).toEqual(trail);
  });

  it("of the first try, whose second was refused, is not denied to have happened", async () => {
    const { stack } = fixture;
    const match = "/* access.setRoles */";
    stack.faults.set([
      { target: "database", match, effect: "applied", answer: "reset", times: 1 },
      { target: "database", match, answer: "error", code: "42501", times: 1 },
    ]);
    const answer = await setRoles([roles.researcher]);
    expect([answer.status, answer.json.outcome]).toEqual([503, "unknown"]);
    expect(await grantsOf(stack, id)).toEqual([roles.researcher]);
  });

  it("leaves a deleted user without grants, however late it lands", async () => {
    const { stack } = fixture;
    const late = [
      hold(stack, "database", "/* access.setRoles */"),
      hold(stack, "database", "/* access.setRoles */"),
    ];
    expect((await setRoles([roles.admin])).status).toBe(503);
    expect((await ask(fixture, `DELETE /api/users/${id}`)).status).toBe(200);
    for (const call of late) call.release();
    await quiet(stack);
    expect([await grantsOf(stack, id), await auditOf(stack, id)]).toEqual([[], ["Deleted user"]]);
  });
});

describe("a deletion that lands late", () => {
  it("ends a user who was disabled and enabled meanwhile: gone in both stores", async () => {
    const { stack } = fixture;
    const late = [hold(stack, "cognito", "AdminDeleteUser"), hold(stack, "cognito", "AdminDeleteUser")];
    expect((await ask(fixture, `DELETE /api/users/${id}`)).json.code).toBe("remove_tracked");
    await put(true);
    await put(false);
    for (const call of late) call.release();
    await sweepOut(fixture);
    expect(stack.cognito.getUser(id)).toBeUndefined();
    expect(await contradictions(stack)).toEqual([]);
  });
});
