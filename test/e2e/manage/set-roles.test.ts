/** `POST /api/users/{id}/roles`: the user's roles, replaced and audited in one transaction. */
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { auditOf, grantsOf } from "../../support/life-story.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
let id: string;
beforeEach(async () => {
  id = await addUser(fixture.stack, { roles: [roles.researcher] });
});
const set = (body: unknown, user = id) => ask(fixture, `POST /api/users/${user}/roles`, { body });

describe("200", () => {
  it("replaces the roles, echoes them, and writes one audit row", async () => {
    const answer = await set({ roles: [roles.observer] });
    expect([answer.status, answer.json]).toEqual([200, { roles: [roles.observer] }]);
    expect(await grantsOf(fixture.stack, id)).toEqual([roles.observer]);
    expect(await auditOf(fixture.stack, id)).toEqual(["Updated user roles"]);
  });

  it("takes an empty list, and one that names a role twice in two cases", async () => {
    expect((await set({ roles: [] })).json).toEqual({ roles: [] });
    expect(await grantsOf(fixture.stack, id)).toEqual([]);
    expect((await set({ roles: [roles.observer, roles.observer.toUpperCase()] })).json).toEqual({
      roles: [roles.observer],
    });
    expect(await grantsOf(fixture.stack, id)).toEqual([roles.observer]);
  });

  it("is one of the two sets where two administrators set roles at once, never a mixture or a 500", async () => {
    const sets = [[roles.researcher], [roles.observer], [roles.admin, roles.observer], []];
    for (let turn = 0; turn < 5; turn++) {
      const answers = await Promise.all(sets.map((one) => set({ roles: one })));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      const granted = (await grantsOf(fixture.stack, id)).join();
      expect(sets.map((one) => [...one].sort().join())).toContain(granted);
    }
  });

  it("grants roles to a member whose address FLIP could not read", async () => {
    const odd = await addUser(fixture.stack, { email: "x@y.test" });
    expect((await set({ roles: [roles.observer] }, odd)).status).toBe(200);
  });
});

describe("400", () => {
  it("names the roles that do not exist, and changes nothing", async () => {
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
    const answer = await set({ roles: [two.toUpperCase(), roles.admin, one] });
    const detail = `Invalid role(s): [${two}, ${one}]`;
    expectProblem(answer, { status: 400, code: "unknown_roles", detail });
    expect([await grantsOf(fixture.stack, id), await auditOf(fixture.stack, id)]).toEqual([
      [roles.researcher],
      [],
    ]);
  });
});

describe("404", () => {
  it("says that the user is not found, and grants nothing to nobody", async () => {
    const nobody = crypto.randomUUID();
    const answer = await set({ roles: [roles.admin] }, nobody);
    const detail = `User with ID ${nobody} not found`;
    expectProblem(answer, { status: 404, code: "user_not_found", detail });
    expect(await grantsOf(fixture.stack, nobody)).toEqual([]);
  });

  it("says so of a user whose deletion is written down but not done in Cognito yet", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "cognito", match: "AdminDeleteUser", answer: "500" }]);
    await ask(fixture, `DELETE /api/users/${id}`);
    expect((await set({ roles: [roles.admin] })).status).toBe(404);
    expect([await grantsOf(stack, id), await auditOf(stack, id)]).toEqual([[], ["Deleted user"]]);
  });
});

describe("422", () => {
  const bodies: Record<string, [body: unknown, type: string, loc: unknown[]]> = {
    "no roles": [{}, "missing", ["body", "roles"]],
    "roles that are no list": [{ roles: "x" }, "list_type", ["body", "roles"]],
    "a role that is no string": [{ roles: [1] }, "uuid_type", ["body", "roles", 0]],
    "a role that is no UUID": [{ roles: [roles.admin, "x"] }, "uuid_parsing", ["body", "roles", 1]],
    "101 roles": [{ roles: Array(101).fill(roles.admin) }, "too_long", ["body", "roles"]],
    "a list for a body": [[], "model_attributes_type", ["body"]],
    null: [null, "missing", ["body"]],
  };
  for (const [what, [body, type, loc]] of Object.entries(bodies))
    it(`refuses ${what}, and changes nothing`, async () => {
      const answer = await set(body);
      expect([answer.status, answer.json.errors?.[0]]).toMatchObject([422, { type, loc }]);
      expect(await grantsOf(fixture.stack, id)).toEqual([roles.researcher]);
    });

  it("refuses a path that names no UUID, with FLIP's loc", async () => {
    const answer = await set({ roles: [] }, "me");
    expect([answer.status, answer.json.errors]).toMatchObject([
      422,
      [{ type: "uuid_parsing", loc: ["path", "user_id"] }],
    ]);
  });
});
