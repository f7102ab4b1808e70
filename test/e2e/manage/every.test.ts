/** What holds for every endpoint of a user's life: who is heard, by which paths and methods, and what an outage says. */
import { beforeEach, describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask, endpoints } from "../../support/life.ts";
import { auditOf } from "../../support/life-story.ts";
import { quiet } from "../../support/moments.ts";
import { expectProblem } from "../../support/problem.ts";
import { look } from "../../support/stores.ts";

const fixture = useWorker(patient);
let id: string;
beforeEach(async () => {
  id = await addUser(fixture.stack);
});
const of = (what: string) => what.replace("{id}", id);

/** Nothing was changed: the user made by hand is there as before, and no row was written anywhere. */
async function expectNothingDone() {
  const { users, audits, registrations } = await look(fixture.stack);
  expect([users.length, users[0]?.enabled, audits, registrations]).toEqual([1, true, [], []]);
}

describe("401", () => {
  for (const { what, body } of endpoints)
    it(`${what}: tells a caller without a token nothing else, whatever the request is`, async () => {
      for (const sent of [body, "{", undefined]) {
        const answer = await ask(fixture, of(what), { token: null, body: sent });
        expectProblem(answer, { status: 401, code: "not_authenticated", detail: "Not authenticated" });
        expect(answer.headers["www-authenticate"]).toBe('Bearer realm="registrar"');
      }
      const { stack } = fixture;
      const token = stack.signToken({ exp: 1 });
      const answer = await ask(fixture, of(what), { token, body });
      expectProblem(answer, { status: 401, code: "invalid_token", detail: "Token has expired" });
      await expectNothingDone();
    });

  it("wants a username claim everywhere but at the page that tells a user to enrol", async () => {
    const token = fixture.stack.signToken({ username: undefined });
    for (const { what, body } of endpoints) {
      const answer = await ask(fixture, of(what), { token, body });
      if (what === "GET /api/users/me/mfa/status") expect(answer.status).toBe(200);
      else expect([what, answer.json.detail]).toEqual([what, "Token missing username claim"]);
    }
  });
});

describe("403", () => {
  for (const { what, body, refused } of endpoints.filter((one) => one.refused))
    it(`${what}: refuses a caller without CAN_MANAGE_USERS in FLIP's words, and the trail keeps it`, async () => {
      const { stack } = fixture;
      const answer = await ask(fixture, of(what), { token: stack.viewerToken, body });
      const detail = `User with ID: ${stack.viewerSub} ${refused}`;
      expectProblem(answer, { status: 403, code: "forbidden", detail });
      const about = what.includes("{id}") ? id : stack.viewerSub;
      const word = what === "POST /api/step/users" ? "Denied registration" : "Denied user management";
      expect(await auditOf(stack, about)).toEqual([word]);
      const { users, audits, registrations } = await look(stack);
      expect([users.length, users[0]?.enabled, registrations]).toEqual([1, true, []]);
      expect(audits[0]?.modified_by_user_id).toBe(stack.viewerSub);
    });
});

describe("405", () => {
  for (const { what, allow } of endpoints)
    it(`${what}: names every method of the path in Allow, HEAD beside GET, without a token`, async () => {
      const path = of(what).split(" ")[1];
      const answer = await ask(fixture, `PATCH ${path}`, { token: null });
      expectProblem(answer, { status: 405, code: "method_not_allowed", detail: "Method Not Allowed" });
      expect(answer.headers.allow?.split(", ").sort()).toEqual([...allow].sort());
    });
});

describe("422", () => {
  const named = endpoints.filter(({ what }) => what.includes("{id}") && what !== "GET /api/users/{id}");
  for (const { what, body } of named)
    for (const bad of ["x", "person@flip.example", "urn:uuid:64d3145b-034c-4328-b637-8eb54313b7c5"])
      it(`${what}: refuses ${bad} for an id, with FLIP's loc`, async () => {
        const answer = await ask(fixture, what.replace("{id}", bad), { body });
        const detail = "The request is not valid: user_id.";
        expectProblem(answer, { status: 422, code: "invalid_request", detail });
        expect(answer.json.errors).toMatchObject([{ type: "uuid_parsing", loc: ["path", "user_id"] }]);
        await expectNothingDone();
      });
});

describe("the trailing slash", () => {
  for (const { what, body } of endpoints)
    it(`${what}: answers the same with one, and redirects nobody`, async () => {
      const answer = await ask(fixture, `${of(what)}/`, { body, headers: { Host: "evil.example" } });
      if (what.endsWith("permissions")) expect(answer.status).toBe(403);
      else
        expect([answer.status, answer.headers.location]).toEqual([
          answer.status === 201 ? 201 : 200,
          undefined,
        ]);
    });
});

describe("503", () => {
  const needsDatabase = endpoints.filter(({ refused, what }) => refused !== undefined || what.endsWith("s"));
  const inPostgres = needsDatabase.filter(({ what }) => what !== "GET /api/users/me/mfa/status");
  for (const { what, body } of inPostgres.filter((one) => !one.what.endsWith("permissions")))
    it(`${what}: a database outage is a 503 with Retry-After, never a 403`, async () => {
      fixture.stack.faults.set([{ target: "database", answer: "reset" }]);
      const answer = await ask(fixture, of(what), { body });
      const detail = "The database cannot be reached at the moment. Please try again.";
      expectProblem(answer, { status: 503, code: "database_unavailable", detail, retryable: true });
      await expectNothingDone();
    });

  it("GET /api/users/{id}/permissions: a database outage is a 503", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "database", answer: "reset" }]);
    const answer = await ask(fixture, `GET /api/users/${stack.adminSub}/permissions`);
    expect([answer.status, answer.json.code]).toEqual([503, "database_unavailable"]);
  });

  const inCognito = endpoints.filter(
    ({ what }) => !/DELETE|step|permissions|GET .*(roles|audit)$/.test(what),
  );
  for (const { what, body } of inCognito)
    it(`${what}: where Cognito asks to slow down, 503 with Retry-After and nothing done`, async () => {
      fixture.stack.faults.set([
        { target: "cognito", match: "=AdminGetUser", answer: "throttle" },
        { target: "cognito", match: "=ListUsers", answer: "throttle" },
      ]);
      const heard = await ask(fixture, of(what), { body });
      const detail = what.endsWith("/roles")
        ? "Could not verify user existence with the identity provider; please try again."
        : "The identity provider cannot be reached at the moment. Please try again.";
      expectProblem(heard, {
        status: 503,
        code: "identity_provider_unavailable",
        detail,
        retryable: true,
      });
      await expectNothingDone();
    });

  for (const { what, body } of endpoints)
    it(`${what}: signing keys that cannot be read are a 503`, async () => {
      // A key that the isolate does not know makes it ask; a known one is cached.
      fixture.stack.faults.set([{ target: "cognito", match: "JWKS", answer: "500" }]);
      const token = fixture.stack.signToken({}, { kid: crypto.randomUUID() });
      const answer = await ask(fixture, of(what), { token, body });
      expect([401, 503]).toContain(answer.status);
      await expectNothingDone();
    });
});

describe("the log", () => {
  it("tells of every request, and names no address and no token, whatever goes wrong", async () => {
    const { stack, worker } = fixture;
    const email = "very.private@flip.example";
    await ask(fixture, "POST /api/step/users", { body: { email, roles: [] } });
    await ask(fixture, "POST /api/step/users", { body: { email, roles: [] } });
    await ask(fixture, `GET /api/users/${email}`);
    await ask(fixture, `GET /api/users?search=${email}`);
    const sub = stack.cognito.getUser(email)?.sub ?? "";
    for (const target of ["cognito", "database"] as const) {
      stack.faults.set([{ target, answer: "garbage" }]);
      for (const { what, body } of endpoints) await ask(fixture, what.replace("{id}", sub), { body });
      await ask(fixture, `GET /api/users/${email}`);
    }
    await quiet(stack);
    stack.faults.clear();
    await stack.age(1800);
    await worker.sweep();
    const text = worker.text();
    expect(worker.logs().length).toBeGreaterThan(20);
    for (const secret of [email, "very.private", stack.adminToken, stack.adminToken.split(".")[2] ?? ""])
      expect(text).not.toContain(secret);
  });
});
