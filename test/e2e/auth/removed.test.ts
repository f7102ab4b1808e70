/** Tokens outlive their users: whom this service has removed, or lost, is 401 wherever a token is needed. */
import { describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import type { Answer } from "../../support/http.ts";
import { addAdmin, addUser, ask, endpoints, tokenOf } from "../../support/life.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);

const detail = "Could not validate credentials";
const expectGone = (answer: Answer) => {
  expectProblem(answer, { status: 401, code: "invalid_token", detail });
  expect(answer.headers["www-authenticate"]).toBe('Bearer realm="registrar", error="invalid_token"');
};

/** An administrator whom another has removed; a grant that comes late changes nothing. */
const removed = async () => {
  const { stack } = fixture;
  const { sub, token } = await addAdmin(stack);
  expect((await ask(fixture, `DELETE /api/users/${sub}`)).status).toBe(200);
  await stack.grant(sub, roles.admin);
  return { sub, token };
};

const everywhere = [
  ...endpoints,
  { what: "POST /api/users", body: { email: "new.user@flip.example", roles: [] } },
  { what: "GET /api/operations" },
  { what: `GET /api/operations/${crypto.randomUUID()}` },
  { what: `POST /api/operations/${crypto.randomUUID()}/resolve` },
];

describe("whom this service has removed", () => {
  for (const { what, body } of everywhere)
    it(`is 401: ${what}`, async () => {
      const { token } = await removed();
      const request = what.replace("{id}", await addUser(fixture.stack));
      expectGone(await ask(fixture, request, { token, ...(body !== undefined && { body }) }));
    });

  it("is 401 by address, for their own permissions, and while their deletion is under way", async () => {
    const { stack } = fixture;
    await addUser(stack, { email: "somebody@flip.example" });
    const { sub, token } = await addAdmin(stack);
    stack.faults.set([{ target: "cognito", match: "=AdminDeleteUser", answer: "500" }]);
    expect((await ask(fixture, `DELETE /api/users/${sub}`)).json.code).toBe("remove_tracked");
    stack.faults.clear();
    for (const path of ["somebody@flip.example", sub, `${sub}/permissions`])
      expectGone(await ask(fixture, `GET /api/users/${path}`, { token }));
  });

  it("is 401 where the ledger has lost them", async () => {
    const { stack, worker } = fixture;
    const body = { email: "new.user@flip.example", roles: [roles.admin] };
    const made = await worker.register(body, { path: "/api/step/users" });
    expect(made.status).toBe(201);
    await stack.query("update registrar.operation set state = 'user_lost', closed_at = now(), due_at = null");
    const token = tokenOf(stack, String(made.json.userId));
    for (const what of ["GET /api/users/new.user@flip.example", "GET /api/users/me/mfa/status"])
      expectGone(await ask(fixture, what, { token }));
    expectGone(await ask(fixture, "GET /api/roles", { token }));
  });
});

describe("who is still here", () => {
  it("and has no permission is 403 as before", async () => {
    const token = fixture.stack.viewerToken;
    expect((await ask(fixture, "GET /api/roles", { token })).json.code).toBe("forbidden");
  });

  it("and is disabled has no permissions to show, and sees what anybody with a token sees", async () => {
    const { stack } = fixture;
    const { sub, token } = await addAdmin(stack);
    await ask(fixture, `PUT /api/users/${sub}`, { body: { disabled: true } });
    expect((await ask(fixture, `GET /api/users/${sub}/permissions`, { token })).status).toBe(404);
    expect((await ask(fixture, `GET /api/users/${sub}`, { token })).status).toBe(200);
    expect((await ask(fixture, "GET /api/users/me/mfa/status", { token })).status).toBe(200);
    await ask(fixture, `PUT /api/users/${sub}`, { body: { disabled: false } });
    const { json } = await ask(fixture, `GET /api/users/${sub}/permissions`, { token });
    expect(json.permissions).toContain("CanManageUsers");
  });

  it("hears 503 where the database does not say, and 500 where it refuses to", async () => {
    const { stack } = fixture;
    const token = stack.viewerToken;
    for (const what of [
      "GET /api/users/admin@flip.example",
      "GET /api/users/me/mfa/status",
      `GET /api/users/${stack.viewerSub}/permissions`,
      "GET /api/roles",
    ]) {
      stack.faults.set([{ target: "database", match: "/* access.isRemoved */", answer: "reset" }]);
      const answer = await ask(fixture, what, { token });
      expect([answer.status, answer.json.code], what).toEqual([503, "database_unavailable"]);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    }
  });

  it("is not asked about where a manager's request succeeds", async () => {
    const { stack } = fixture;
    stack.faults.clearCalls();
    expect((await ask(fixture, "GET /api/roles")).status).toBe(200);
    const statements = stack.faults.calls("database").map(({ operation }) => operation);
    expect(statements.some((text) => text.includes("isRemoved"))).toBe(false);
    expect(statements.length).toBe(2);
  });
});
