/** A person's state in one look, for whoever manages users; everybody else sees FLIP's fields. */
import { describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { noProfile, patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { eventually } from "../../support/moments.ts";

const fixture = useWorker({ ...patient, TEMPORARY_PASSWORD_DAYS: "3" });
const get = async (id: string, token?: string) =>
  (await ask(fixture, `GET /api/users/${id}`, token === undefined ? {} : { token })).json;
const DAYS_MS = 3 * 86_400_000;

describe("the state of an account", () => {
  it("says who was invited when, and until when the temporary password is good", async () => {
    const { worker } = fixture;
    const made = await worker.register({ email: "new.user@flip.example", roles: [], name: "Ada" });
    const id = String(made.json.userId);
    await eventually("the first invitation", async () => (await get(id)).invitations.count === 1);
    const account = await get(id);
    expect(account).toMatchObject({
      id,
      email: "new.user@flip.example",
      name: "Ada",
      isDisabled: false,
      roles: [],
      status: "invited",
      federated: false,
      disabledBy: null,
      deliveryFailed: false,
      openOperations: [],
      secondFactors: [],
    });
    const { lastAt } = account.invitations;
    expect(Date.parse(account.temporaryPasswordExpiresAt)).toBe(Math.trunc(Date.parse(lastAt)) + DAYS_MS);
    expect((await ask(fixture, `POST /api/users/${id}/invitation`)).status).toBe(200);
    await eventually("the second one", async () => (await get(id)).invitations.count === 2);
  });

  it("says who has signed in, with which second factors, and who was disabled by whom", async () => {
    const { stack } = fixture;
    const id = await addUser(stack, { confirmed: true, roles: [roles.observer] });
    await stack.cognito.setTotp(id, true);
    await ask(fixture, `PUT /api/users/${id}`, { body: { disabled: true } });
    const account = await get(id);
    expect(account).toMatchObject({
      isDisabled: true,
      status: "active",
      invitations: { count: 0, lastAt: null },
      temporaryPasswordExpiresAt: null,
    });
    expect(account.secondFactors).toContain("SOFTWARE_TOKEN_MFA");
    expect([account.disabledBy.userId, account.roles.length]).toEqual([stack.adminSub, 1]);
  });

  it("says what is still open", async () => {
    const { stack } = fixture;
    const id = await addUser(stack);
    stack.faults.set([{ target: "cognito", match: "=AdminDisableUser", answer: "500" }]);
    const { json } = await ask(fixture, `PUT /api/users/${id}`, { body: { disabled: true } });
    stack.faults.clear();
    const open = [{ operationId: json.operationId, kind: "disable" }];
    expect((await get(id)).openOperations).toEqual(open);
  });

  it("is in the list, too, without a call for each user and in one statement", async () => {
    const { stack } = fixture;
    const id = await addUser(stack, { confirmed: true });
    await ask(fixture, `PUT /api/users/${id}`, { body: { disabled: true } });
    await eventually("the end of the change", async () => (await get(id)).openOperations.length === 0);
    stack.faults.clearCalls();
    const { json } = await ask(fixture, "GET /api/users");
    const calls = stack.faults.calls().map(({ operation }) => operation);
    const { secondFactors: _, ...account } = await get(id);
    expect(json.data.find((one: { id: string }) => one.id === id)).toEqual(account);
    expect(calls.filter((call) => /accountsOf|AdminGet|ListUsers/.test(call)).sort()).toEqual([
      "ListUsers",
      "access.accountsOf",
    ]);
  });

  it("is for managers only: others see FLIP's fields", async () => {
    const { stack } = fixture;
    const id = await addUser(stack, { email: "person@flip.example" });
    expect(await get(id, stack.viewerToken)).toEqual({
      id,
      email: "person@flip.example",
      ...noProfile(),
      isDisabled: false,
    });
  });
});
