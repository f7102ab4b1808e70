/** `GET /api/users`: FLIP's numbered pages with true counts. */
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask, atTheConsole } from "../../support/life.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
const list = (query = "") => ask(fixture, `GET /api/users${query}`);
const emails = (json: { data: { email: string }[] }) => json.data.map(({ email }) => email);

describe("200", () => {
  it("carries FLIP's envelope, in FLIP's order of keys, sorted by address", async () => {
    const { stack } = fixture;
    const id = await addUser(stack, { email: "m@flip.example", roles: [roles.observer], enabled: false });
    const { json, status } = await list();
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(["page", "pageSize", "totalPages", "totalRecords", "data"]);
    const { data, ...envelope } = json;
    expect(envelope).toEqual({ page: 1, pageSize: 20, totalPages: 1, totalRecords: 3 });
    expect(emails(json)).toEqual(["admin@flip.example", "m@flip.example", "viewer@flip.example"]);
    const description = "Read-only access to assigned projects. Cannot create, edit, or delete resources.";
    expect(data[1]).toMatchObject({
      id,
      email: "m@flip.example",
      isDisabled: true,
      roles: [{ id: roles.observer, rolename: "Observer", roledescription: description }],
    });
  });

  describe("with 130 users: more than two of Cognito's pages", () => {
    beforeEach(async () => {
      for (let n = 0; n < 128; n++)
        await fixture.stack.cognito.createUser(`u${String(n).padStart(3, "0")}@flip.example`);
    });

    it("counts the pool, not the page", async () => {
      const { json } = await list("?pageSize=50&pageNumber=3");
      expect([json.page, json.pageSize, json.totalPages, json.totalRecords]).toEqual([3, 50, 3, 130]);
      expect([json.data.length, json.data.at(-1).email]).toEqual([30, "viewer@flip.example"]);
    });

    it("shows each user on exactly one page", async () => {
      const seen: string[] = [];
      for (let page = 1; page <= 7; page++) seen.push(...emails((await list(`?pageNumber=${page}`)).json));
      expect([seen.length, new Set(seen).size, seen]).toEqual([130, 130, [...seen].sort()]);
      expect((await list("?pageNumber=8")).json).toMatchObject({ page: 8, totalRecords: 130, data: [] });
    });

    it("searches addresses, any case, any part, and counts what matches", async () => {
      const { json } = await list("?search=U12&pageSize=5");
      expect([json.totalRecords, json.totalPages, emails(json).at(0)]).toEqual([8, 2, "u120@flip.example"]);
      expect((await list("?search=nobody")).json).toMatchObject({ totalRecords: 0, totalPages: 0, data: [] });
      expect((await list("?search=%25")).json.totalRecords).toBe(0);
    });

    it("asks for the roles of one page only, in one statement", async () => {
      const { stack } = fixture;
      stack.faults.clearCalls();
      await list();
      const operations = stack.faults.calls("database").map(({ operation }) => operation);
      expect(operations).toEqual(["access.mayManageUsers", "access.accountsOf"]);
    });
  });

  const fallbacks = ["0", "-1", "x", "", "1.5", "1e3", "99999999999999999999", "%00"];
  for (const value of fallbacks)
    it(`falls back silently where pageNumber and pageSize are ${JSON.stringify(value)}`, async () => {
      const { status, json } = await list(`?pageNumber=${value}&pageSize=${value}`);
      expect([status, json.page, json.pageSize]).toEqual([200, 1, 20]);
    });

  it("takes the last of a repeated parameter, and has no upper bound", async () => {
    const { json } = await list("?pageSize=1&pageSize=100000&pageNumber=2&pageNumber=1");
    expect([json.pageSize, json.page, json.data.length]).toEqual([100_000, 1, 2]);
  });

  it("shows odd members, and all the others with them", async () => {
    const { stack } = fixture;
    await addUser(stack, { email: "x@y.test" });
    await addUser(stack, { email: "Mixed.Case@flip.example" });
    const nameless = await addUser(stack, { email: "gone@flip.example" });
    await atTheConsole(stack, "AdminDeleteUserAttributes", {
      Username: nameless,
      UserAttributeNames: ["email"],
    });
    // No UUID for a sub: nothing here can name such a member; they are left out, and nobody with them.
    await addUser(stack, { email: "odd@flip.example", attributes: { sub: "not-a-uuid" } });
    const { status, json } = await list();
    expect(status).toBe(200);
    expect(emails(json)).toEqual([
      "",
      "Mixed.Case@flip.example",
      "admin@flip.example",
      "viewer@flip.example",
      "x@y.test",
    ]);
    expect(json.data[0].id).toBe(nameless);
  });
});

describe("503", () => {
  it("says so where a later page of the pool cannot be read: never a part for the whole", async () => {
    const { stack } = fixture;
    for (let n = 0; n < 61; n++) await stack.cognito.createUser(`u${n}@flip.example`);
    let pages = 0;
    stack.faults.before("cognito", "ListUsers", () => {
      pages += 1;
      if (pages === 2) stack.faults.set([{ target: "cognito", match: "ListUsers", answer: "garbage" }]);
    });
    const detail = "The identity provider cannot be reached at the moment. Please try again.";
    expectProblem(await list(), {
      status: 503,
      code: "identity_provider_unavailable",
      detail,
      retryable: true,
    });
  });

  it("repeats a page of the pool once", async () => {
    fixture.stack.faults.set([{ target: "cognito", match: "ListUsers", answer: "reset", times: 1 }]);
    expect((await list()).json.totalRecords).toBe(2);
  });
});
