/** `DELETE /api/users/{id}`: grants and audit first, then Cognito, as often as it takes. */
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask, begin } from "../../support/life.ts";
import { auditOf, changesOf, contradictions, grantsOf, sweepOut } from "../../support/life-story.ts";
import { hold, quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
let id: string;
beforeEach(async () => {
  id = await addUser(fixture.stack, { roles: [roles.researcher, roles.observer] });
});
const remove = (user = id) => ask(fixture, `DELETE /api/users/${user}`);

const halfDeleted =
  "Role grants revoked, but identity-provider user deletion failed. The user can still authenticate with zero app authority — manual identity-provider cleanup required.";

describe("200", () => {
  it("revokes the grants, writes the audit row and deletes the user", async () => {
    const { stack } = fixture;
    const answer = await remove();
    expect([answer.status, answer.json]).toEqual([200, {}]);
    expect([stack.cognito.getUser(id), await grantsOf(stack, id), await auditOf(stack, id)]).toEqual([
      undefined,
      [],
      ["Deleted user"],
    ]);
    await quiet(stack);
    expect(await changesOf(stack, id)).toMatchObject([{ kind: "remove", state: "done", due_at: null }]);
  });

  it("revokes and audits before it asks Cognito", async () => {
    const { stack } = fixture;
    let before: unknown;
    stack.faults.before("cognito", "AdminDeleteUser", async () => {
      before = [await grantsOf(stack, id), await auditOf(stack, id)];
    });
    await remove();
    expect(before).toEqual([[], ["Deleted user"]]);
  });

  it("may be repeated, and answers so for an id that never existed, with its audit row as FLIP's", async () => {
    await remove();
    expect((await remove()).status).toBe(200);
    const nobody = crypto.randomUUID();
    expect((await remove(nobody)).json).toEqual({});
    expect(await auditOf(fixture.stack, nobody)).toEqual(["Deleted user"]);
  });

  it("deletes a member whose address FLIP could not read", async () => {
    const odd = await addUser(fixture.stack, { email: "x@y.test" });
    expect((await remove(odd)).status).toBe(200);
    expect(fixture.stack.cognito.getUser(odd)).toBeUndefined();
  });

  it("deletes by sub: whoever has the address now is left alone", async () => {
    const { stack } = fixture;
    const [gone, email] = [await addUser(stack, { email: "same@flip.example" }), "same@flip.example"];
    await stack.cognito.deleteUser(gone);
    const heir = await addUser(stack, { email });
    expect((await remove(gone)).status).toBe(200);
    expect(stack.cognito.getUser(email)?.sub).toBe(heir);
  });

  it("frees the address: the next registration is another user", async () => {
    const body = { email: "again@flip.example", roles: [roles.observer] };
    const first = await ask(fixture, "POST /api/step/users", { body });
    await remove(first.json.userId);
    const second = await ask(fixture, "POST /api/step/users", { body });
    expect([second.status, second.json.userId === first.json.userId]).toEqual([201, false]);
    await sweepOut(fixture);
    expect(await contradictions(fixture.stack, { byHand: [id] })).toEqual([]);
  });

  it("believes a lost answer of Cognito when the repeat finds nobody", async () => {
    fixture.stack.faults.set([
      { target: "cognito", match: "AdminDeleteUser", effect: "applied", answer: "reset", times: 1 },
    ]);
    expect((await remove()).status).toBe(200);
  });
});

describe("a client that goes away", () => {
  it("stops nothing half way: the deletion is done all the same", async () => {
    const { stack } = fixture;
    const held = hold(stack, "cognito", "AdminDeleteUser");
    const exchange = begin(fixture, `DELETE /api/users/${id}`);
    await held.reached;
    exchange.reset();
    held.release();
    await quiet(stack);
    expect(stack.cognito.getUser(id)).toBeUndefined();
    expect(await changesOf(stack, id)).toMatchObject([{ state: "done", due_at: null }]);
  });
});

describe("422", () => {
  it("refuses a path that names no UUID, and writes nothing", async () => {
    const answer = await remove("person@flip.example");
    expect([answer.status, answer.json.errors]).toMatchObject([422, [{ loc: ["path", "user_id"] }]]);
  });
});

describe("500", () => {
  it("says what is left where Cognito asks to slow down, and the sweeper finishes it: one way to finish things", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "cognito", match: "AdminDeleteUser", answer: "throttle" }]);
    const heard = await remove();
    expectProblem(heard, {
      status: 500,
      code: "remove_tracked",
      outcome: "tracked",
      retryable: true,
      detail: halfDeleted,
    });
    expect([await grantsOf(stack, id), await auditOf(stack, id)]).toEqual([[], ["Deleted user"]]);
    expect((await changesOf(stack, id))[0]?.id).toBe(heard.json.operationId);
    stack.faults.clear();
    await sweepOut(fixture);
    expect(stack.cognito.getUser(id)).toBeUndefined();
    expect([await contradictions(stack), await auditOf(stack, id)]).toEqual([[], ["Deleted user"]]);
  });

  it("is finished by a repeat of the request as well, as the same change with one audit row", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "cognito", match: "AdminDeleteUser", answer: "500", times: 2 }]);
    expect((await remove()).status).toBe(500);
    expect((await remove()).status).toBe(200);
    await quiet(stack);
    expect(await changesOf(stack, id)).toMatchObject([{ state: "done", due_at: null }]);
    expect(await auditOf(stack, id)).toEqual(["Deleted user"]);
  });
});
