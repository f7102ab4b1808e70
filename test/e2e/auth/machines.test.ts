/** Machines: app clients that call in their own name, with a client-credentials token and the grants of their id. */
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { readSettings } from "../../../src/settings.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { auditOf, changesOf, grantsOf } from "../../support/life-story.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker({ ...patient, ENFORCE_MFA: "true" });
let machine: string;
let token: string;
let boss: string;
beforeEach(async () => {
  const { stack } = fixture;
  machine = String(readSettings(stack.workerEnv()).machines.get(stack.clientId));
  token = stack.signToken({ sub: stack.clientId, username: undefined, scope: "registrar/manage" });
  await stack.cognito.setTotp(stack.adminSub, true);
  boss = stack.adminToken;
});
const grant = (ids: ReadonlyArray<string>) =>
  ask(fixture, `POST /api/users/${machine}/roles`, { token: boss, body: { roles: ids } });

describe("a machine", () => {
  it("is granted roles although the pool does not know it, and loses them again", async () => {
    expect((await grant([roles.admin])).json).toEqual({ roles: [roles.admin] });
    expect(await grantsOf(fixture.stack, machine)).toEqual([roles.admin]);
    expect((await grant([])).status).toBe(200);
    expect((await ask(fixture, "GET /api/roles", { token })).status).toBe(403);
  });

  it("needs no second factor, has the permissions of its grants, and stands in the trail under its id", async () => {
    const { stack } = fixture;
    expect((await ask(fixture, "GET /api/roles", { token })).json.detail).toBe(
      `User with ID: ${machine} does not have permission`,
    );
    await grant([roles.admin]);
    const id = await addUser(stack);
    const body = { roles: [roles.observer] };
    expect((await ask(fixture, `POST /api/users/${id}/roles`, { token, body })).status).toBe(200);
    expect((await ask(fixture, `DELETE /api/users/${id}`, { token })).status).toBe(200);
    const trail = await ask(fixture, `GET /api/audit?actor=${machine}`, { token });
    const items = trail.json.items as ReadonlyArray<{ readonly action: string }>;
    expect(items.map(({ action }) => action)).toEqual([
      "Deleted user",
      "Updated user roles",
      "Denied user management",
    ]);
  });

  it("registers users", async () => {
    await grant([roles.admin]);
    const registered = { email: "new.user@flip.example", roles: [] };
    expect((await fixture.worker.register(registered, { token })).status).toBe(200);
  });

  it("has no second factor and needs none, and sees its own permissions", async () => {
    await grant([roles.admin]);
    const status = await ask(fixture, "GET /api/users/me/mfa/status", { token });
    expect([status.status, status.json]).toEqual([200, { enabled: false, required: false }]);
    const own = await ask(fixture, `GET /api/users/${machine}/permissions`, { token });
    expect(own.json.permissions).toContain("CanManageUsers");
  });

  it("is no user: nobody deletes, disables, invites or resets it, and it keeps its grants", async () => {
    await grant([roles.admin]);
    for (const what of ["DELETE /", "PUT /", "POST /invitation", "POST /mfa/reset"]) {
      const [method, path] = what.split(" /");
      const request = `${method} /api/users/${machine}${path === "" ? "" : `/${path}`}`;
      const more = method === "PUT" ? { body: { disabled: true } } : {};
      for (const asking of [boss, token]) {
        const detail = `User with ID ${machine} is not registered.`;
        const answer = await ask(fixture, request, { token: asking, ...more });
        expectProblem(answer, { status: 404, code: "user_not_found", detail });
      }
    }
    expect(await grantsOf(fixture.stack, machine)).toEqual([roles.admin]);
    expect([await auditOf(fixture.stack, machine), await changesOf(fixture.stack, machine)]).toEqual([
      ["Updated user roles"],
      [],
    ]);
  });

  it("is not one who is left: the last administrator stays", async () => {
    await grant([roles.admin]);
    const request = `POST /api/users/${fixture.stack.adminSub}/roles`;
    for (const asking of [boss, token]) {
      const answer = await ask(fixture, request, { token: asking, body: { roles: [] } });
      const detail = "At least one user must keep the permission to manage users.";
      expectProblem(answer, { status: 409, code: "last_manager", detail });
    }
  });
});
