/**
 * FLIP's front end, call by call, on the tables of FLIP of May and of September 2026: what it sends, and what it reads of the
 * answers (flip-ui/src/services/user-service.ts).
 */
import { describe, expect, it } from "vitest";
import type { FlipShapeName } from "../../../dev/flip-shapes.ts";
import { roles, trust } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addAdmin, addUser, ask, tokenOf } from "../../support/life.ts";
import { auditOf, grantsOf } from "../../support/life-story.ts";
import { quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";

const NOT_KEPT =
  "This database has no table user_profile, so that name and organisation cannot be changed. Nothing was done.";
const email = "new.user@flip.example";
const profile = { name: "Ada Lovelace", organisation: "Analytical Engines" };

const atTrust = (fixture: ReturnType<typeof useWorker>, sub: string) =>
  fixture.stack.query("select role_id from user_role where user_id = $1 and trust_id is not null", [sub]);

for (const flip of ["2026-05", "2026-09"] satisfies FlipShapeName[])
  describe(`FLIP of ${flip}`, () => {
    const fixture = useWorker(patient, { flip });
    const hasProfiles = flip === "2026-09";
    const kept = hasProfiles ? profile : {};

    const register = (more: object = {}) =>
      ask(fixture, "POST /api/step/users", {
        body: { email, roles: [roles.researcher], ...profile, ...more },
      });

    it("registers a user with name, organisation and roles, lists them, and gives them other roles", async () => {
      const { stack } = fixture;
      const { status, json } = await register();
      const id = json.user_id;
      expect([status, json]).toEqual([
        201,
        { user_id: id, userId: id, email, roles: [roles.researcher], ...profile },
      ]);
      expect(await grantsOf(stack, id)).toEqual([roles.researcher]);
      const { data, ...page } = (
        await ask(fixture, `GET /api/users?pageNumber=1&pageSize=10&search=new.user`)
      ).json;
      expect(page).toEqual({ page: 1, pageSize: 10, totalPages: 1, totalRecords: 1 });
      // Without a table of profiles the pool's attribute is what is known of the name.
      expect(data).toMatchObject([{ id, email, name: profile.name, ...kept, isDisabled: false }]);
      expect("organisation" in data[0]).toBe(hasProfiles);
      const set = await ask(fixture, `POST /api/users/${id}/roles`, { body: { roles: [roles.observer] } });
      expect([set.status, set.json]).toEqual([200, { roles: [roles.observer] }]);
      expect(await grantsOf(stack, id)).toEqual([roles.observer]);
      expect(await auditOf(stack, id)).toEqual([
        "Registered user",
        "Updated user roles",
        "Updated user roles",
      ]);
    });

    it("looks a user up by address, disables, enables and deletes them", async () => {
      const { stack } = fixture;
      const { user_id: id } = (await register()).json;
      await quiet(stack);
      const found = await ask(fixture, `GET /api/users/${email}`, { token: stack.viewerToken });
      expect(found.json).toEqual({ id, email, ...kept, isDisabled: false });
      for (const disabled of [true, false]) {
        const answer = await ask(fixture, `PUT /api/users/${id}`, { body: { disabled } });
        expect([answer.status, answer.json]).toEqual([200, { disabled }]);
        await quiet(stack);
      }
      expect((await ask(fixture, `DELETE /api/users/${id}`)).json).toEqual({});
      expect(await grantsOf(stack, id)).toEqual([]);
      const times = await stack.query<{ off: number }>(
        "select abs(extract(epoch from now() at time zone 'utc' - \"timestamp\" at time zone 'utc'))::float as off from users_audit",
      );
      if (flip === "2026-09") for (const { off } of times) expect(off).toBeLessThan(60);
    });

    it("keeps a key's request together with the organisation", async () => {
      const headers = { "Idempotency-Key": "k" };
      const body = { email, roles: [], ...profile };
      const first = await ask(fixture, "POST /api/step/users", { body, headers });
      await quiet(fixture.stack);
      const again = await ask(fixture, "POST /api/step/users", { body, headers });
      expect([again.status, again.json]).toEqual([201, first.json]);
      const other = await ask(fixture, "POST /api/step/users", {
        body: { ...body, organisation: "Navy" },
        headers,
      });
      expect([other.status, other.json.code]).toEqual([422, "idempotency_key_reused"]);
      const operation = await ask(fixture, `GET /api/operations/${first.headers["operation-id"]}`);
      expect(operation.json).toMatchObject(profile);
    });

    it("refuses a role of one trust by name, wherever roles are taken, and grants nothing", async () => {
      const { stack } = fixture;
      const id = await addUser(stack);
      for (const field of ["trustId", "trust_id"])
        for (const [what, body] of [
          ["POST /api/users", { email, roles: [roles.admin] }],
          ["POST /api/step/users", { email, roles: [roles.admin] }],
          [`POST /api/users/${id}/roles`, { roles: [roles.admin] }],
        ] as const) {
          for (const value of [trust, "", 0, [], false]) {
            const answer = await ask(fixture, what, { body: { ...body, [field]: value } });
            expect([answer.status, answer.json.errors], what).toEqual([
              422,
              [{ type: "none_required", loc: ["body", field], msg: expect.stringContaining("null") }],
            ]);
          }
        }
      expect([await grantsOf(stack, id), stack.cognito.getUser(email)]).toEqual([[], undefined]);
      const set = await ask(fixture, `POST /api/users/${id}/roles`, {
        body: { roles: [roles.observer], trustId: null },
      });
      expect(set.status).toBe(200);
      expect((await register({ trustId: null })).status).toBe(201);
    });

    it(`${hasProfiles ? "changes" : "refuses to change"} name and organisation`, async () => {
      const { stack } = fixture;
      const id = await addUser(stack);
      for (const body of [profile, { disabled: true, ...profile }]) {
        const answer = await ask(fixture, `PUT /api/users/${id}`, { body });
        if (hasProfiles) expect([answer.status, answer.json]).toEqual([200, body]);
        else expectProblem(answer, { status: 409, code: "profiles_not_kept", detail: NOT_KEPT });
      }
      expect(stack.cognito.getUser(id)?.enabled).toBe(!hasProfiles);
      const words = ["Updated user profile", "Disabled user and updated profile"];
      expect((await auditOf(stack, id)).sort()).toEqual(hasProfiles ? words.sort() : []);
    });

    it("says what went wrong in the words of that FLIP", async () => {
      const { stack } = fixture;
      const id = await addUser(stack);
      const it = hasProfiles ? "identity-provider" : "Cognito";
      stack.faults.set([{ target: "cognito", match: "=AdminDeleteUser", answer: "500" }]);
      expect((await ask(fixture, `DELETE /api/users/${id}`)).json.detail).toBe(
        `Role grants revoked, but ${it} user deletion failed. The user can still authenticate with zero app authority — manual ${it} cleanup required.`,
      );
      stack.faults.set([
        { target: "cognito", match: "=AdminGetUser", answer: "500" },
        { target: "cognito", match: "=ListUsers", answer: "500" },
      ]);
      const lookUp = await ask(fixture, `POST /api/users/${id}/roles`, { body: { roles: [roles.observer] } });
      const whom = hasProfiles ? "with the identity provider" : "in Cognito";
      expect([lookUp.status, lookUp.json.detail]).toEqual([
        503,
        `Could not verify user existence ${whom}; please try again.`,
      ]);
    });

    it("signs nobody out who has a good token: no refusal is a 401", async () => {
      const { stack } = fixture;
      const id = await addUser(stack);
      const { token } = await addAdmin(stack);
      const refused = await Promise.all([
        ask(fixture, "GET /api/users", { token: tokenOf(stack, id) }),
        ask(fixture, `PUT /api/users/${id}`, { token, body: {} }),
        ask(fixture, `PUT /api/users/${crypto.randomUUID()}`, { token, body: { disabled: true } }),
        ask(fixture, "POST /api/step/users", { token, body: { email: "nobody" } }),
        ask(fixture, `GET /api/users/${stack.adminSub}/permissions`, { token }),
      ]);
      expect(refused.map(({ status }) => status)).toEqual([403, 422, 404, 422, 403]);
    });
  });

describe("grants of one trust", () => {
  const fixture = useWorker(patient, { flip: "2026-09" });

  it("give no permission here, are in no list, and outlive a change of roles", async () => {
    const { stack } = fixture;
    const id = await addUser(stack, { confirmed: true, roles: [roles.observer] });
    await stack.grant(id, roles.admin, trust);
    const token = tokenOf(stack, id);
    expect((await ask(fixture, "GET /api/users", { token })).status).toBe(403);
    expect((await ask(fixture, `GET /api/users/${id}/permissions`, { token })).json).toEqual({
      permissions: [],
    });
    const { json } = await ask(fixture, `GET /api/users/${id}`);
    expect(json.roles.map(({ id: role }: { id: string }) => role)).toEqual([roles.observer]);
    for (const wanted of [[roles.researcher], [roles.admin], []]) {
      expect((await ask(fixture, `POST /api/users/${id}/roles`, { body: { roles: wanted } })).status).toBe(
        200,
      );
      expect(await atTrust(fixture, id)).toEqual([{ role_id: roles.admin }]);
    }
    expect((await ask(fixture, `GET /api/users/${id}/permissions`, { token })).status).toBe(404);
  });

  it("do not count for the last administrator, and go with the user", async () => {
    const { stack } = fixture;
    const id = await addUser(stack, { confirmed: true });
    await stack.grant(id, roles.admin, trust);
    const drop = await ask(fixture, `POST /api/users/${stack.adminSub}/roles`, { body: { roles: [] } });
    expect([drop.status, drop.json.code]).toEqual([409, "last_manager"]);
    expect((await ask(fixture, `DELETE /api/users/${id}`)).status).toBe(200);
    expect(await stack.query("select from user_role where user_id = $1", [id])).toEqual([]);
  });
});

describe("a setting", () => {
  const fixture = useWorker({ ...patient, FLIP_EDITION: "2026-05" });

  it("says whose words are said, whatever tables there are", async () => {
    fixture.stack.faults.set([{ target: "cognito", match: "=AdminDeleteUser", answer: "500" }]);
    const { json } = await ask(fixture, `DELETE /api/users/${await addUser(fixture.stack)}`);
    expect(json.detail).toContain("manual Cognito cleanup required");
  });
});
