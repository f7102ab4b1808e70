/** What is only looked at: one user, one's own permissions, the roles. */
import { describe, expect, it } from "vitest";
import { permissions, roles } from "../../../dev/seed.ts";
import { noProfile, patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask, atTheConsole, tokenOf } from "../../support/life.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
const get = (key: string, token?: string) =>
  ask(fixture, `GET /api/users/${key}`, token === undefined ? {} : { token });

describe("GET /api/users/{id}", () => {
  describe("200", () => {
    it("finds a user by id and by address, in any case, for any caller", async () => {
      const { stack } = fixture;
      const email = "person@flip.example";
      const id = await addUser(stack, { email, enabled: false });
      for (const key of [id, id.toUpperCase(), email, "Person%40FLIP.example"]) {
        const answer = await get(key, stack.viewerToken);
        expect([answer.status, answer.json]).toEqual([200, { id, email, ...noProfile(), isDisabled: true }]);
      }
    });

    it("finds by id whom no address would find", async () => {
      const { stack } = fixture;
      for (const email of ["x@y.test", "Mixed@flip.example"]) {
        const id = await addUser(stack, { email });
        expect((await get(id)).json).toMatchObject({ id, email, isDisabled: false });
      }
      const id = await addUser(stack, { email: "gone@flip.example" });
      await atTheConsole(stack, "AdminDeleteUserAttributes", { Username: id, UserAttributeNames: ["email"] });
      expect((await get(id)).json).toMatchObject({ id, email: "", isDisabled: false });
    });
  });

  describe("400", () => {
    for (const key of ["access", "me", "%00", "a@b", "x@y.test", "1234", encodeURIComponent('sub = "x"')])
      it(`refuses ${key}, before it asks anybody`, async () => {
        const detail = "Invalid user ID format. Must be a valid email or UUID.";
        fixture.stack.faults.clearCalls();
        expectProblem(await get(key), { status: 400, code: "invalid_user_key", detail });
        expect(fixture.stack.faults.calls("cognito").map(({ operation }) => operation)).not.toContain(
          "AdminGetUser",
        );
      });
  });

  describe("404", () => {
    it("says in FLIP's words who is not registered", async () => {
      const id = crypto.randomUUID();
      for (const [key, detail] of [
        [id, `User with email: None or ID: ${id} is not registered.`],
        ["no@flip.example", "User with email: no@flip.example or ID: None is not registered."],
      ] as const)
        expectProblem(await get(key), { status: 404, code: "user_not_found", detail });
    });
  });
});

describe("GET /api/users?email=", () => {
  const both = async (email: string, token: string) => {
    const answers = [
      await get(encodeURIComponent(email), token),
      await ask(fixture, `GET /api/users?email=${encodeURIComponent(email)}`, { token }),
    ];
    return answers.map(({ status, headers, json: { requestId, instance, ...json } }) => ({
      status,
      etag: headers.etag,
      json,
    }));
  };

  it("answers as the path does, whoever asks and for whomever", async () => {
    const { stack } = fixture;
    await addUser(stack, { email: "one+person@flip.example", roles: [roles.observer] });
    await addUser(stack, { email: "Mixed@flip.example" });
    const gone = await addUser(stack);
    expect((await ask(fixture, `DELETE /api/users/${gone}`)).status).toBe(200);
    const statuses = new Set<number>();
    for (const token of [stack.adminToken, stack.viewerToken, tokenOf(stack, gone), "x"])
      for (const email of [
        "one+person@flip.example",
        " ONE+person@flip.example ",
        "Mixed@flip.example",
        "no@flip.example",
        "a@b",
      ]) {
        const [path, query] = await both(email, token);
        expect(query).toEqual(path);
        statuses.add(query?.status ?? 0);
      }
    expect([...statuses].sort()).toEqual([200, 400, 401, 404]);
  });

  it("lists where it has no value, for whoever manages users", async () => {
    expect((await ask(fixture, "GET /api/users?email=")).json).toHaveProperty("totalRecords");
    const token = fixture.stack.viewerToken;
    expect((await ask(fixture, "GET /api/users?email=", { token })).status).toBe(403);
  });
});

describe("GET /api/users/{id}/permissions", () => {
  const own = (id: string, token: string) => ask(fixture, `GET /api/users/${id}/permissions`, { token });

  it("200: one's own, in PascalCase, each once", async () => {
    const { stack } = fixture;
    const id = await addUser(stack, { roles: [roles.admin, roles.researcher] });
    await stack.query("insert into role_permission values ($1, $2, $3)", [
      crypto.randomUUID(),
      roles.admin,
      permissions.CAN_MANAGE_USERS,
    ]);
    const { json } = await own(id.toUpperCase(), tokenOf(stack, id));
    const expected = Object.keys(permissions).map((name) =>
      name.replace(/_?([A-Z])([A-Z]*)/g, (_, head: string, tail: string) => head + tail.toLowerCase()),
    );
    expect([...json.permissions].sort()).toEqual([...expected].sort());
    expect(json.permissions).toContain("CanManageUsers");
  });

  it("200: a role without permissions is an empty list", async () => {
    const { stack } = fixture;
    expect((await own(stack.viewerSub, stack.viewerToken)).json).toEqual({ permissions: [] });
  });

  it("403: nobody else's, administrators included", async () => {
    const { stack } = fixture;
    const detail = "User ID does not match token ID. Access denied.";
    const answer = await own(stack.viewerSub, stack.adminToken);
    expectProblem(answer, { status: 403, code: "not_oneself", detail });
  });

  it("404: no role at all", async () => {
    const { stack } = fixture;
    const id = await addUser(stack);
    const detail = "The user does not exist or does not have a role assigned.";
    const answer = await own(id, tokenOf(stack, id));
    expectProblem(answer, { status: 404, code: "user_not_found", detail });
  });

  it("422: a path that names no UUID", async () => {
    expect((await own("me", fixture.stack.adminToken)).status).toBe(422);
  });
});

describe("GET /api/roles", () => {
  it("200: every role by name, in FLIP's words", async () => {
    const { json } = await ask(fixture, "GET /api/roles");
    expect(json.roles.map(({ rolename }: { rolename: string }) => rolename)).toEqual([
      "Admin",
      "Observer",
      "Researcher",
    ]);
    expect(json.roles[0]).toEqual({
      id: roles.admin,
      rolename: "Admin",
      roledescription: "A role for administrators.",
    });
  });
});
