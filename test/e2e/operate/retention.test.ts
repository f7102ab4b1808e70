/** What a deployment forgets in time, as its API shows it. */
import { describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask } from "../../support/life.ts";
import { eventually } from "../../support/moments.ts";
import { look } from "../../support/stores.ts";

const fixture = useWorker({ ...patient, OPERATION_ADDRESS_DAYS: "30", OPERATION_DAYS: "100" });
const DAY = 86_400;

const get = (path: string) => ask(fixture, `GET ${path}`);

describe("a sweep", () => {
  it("forgets the address of a registration in time, and goes on showing what was done to whom", async () => {
    const { stack, worker } = fixture;
    const email = "ada@flip.example";
    const { json, headers } = await worker.register({ email, name: "Ada Lovelace", roles: [] });
    await eventually("completed", async () =>
      (await look(stack)).registrations.every(({ state }) => state === "completed"),
    );
    await stack.age(29 * DAY);
    expect(await worker.sweep()).toMatchObject({ addressesForgotten: 0, operationsDeleted: 0 });
    await stack.age(2 * DAY);
    expect(await worker.sweep()).toMatchObject({ addressesForgotten: 1, operationsDeleted: 0 });
    const shown = await get(`/api/operations/${headers["operation-id"]}`);
    expect(shown.status).toBe(200);
    expect(shown.json).toMatchObject({
      email: null,
      name: null,
      organisation: null,
      userId: json.userId,
      state: "completed",
      next: { what: "Nothing: the user is registered and the registration is complete.", at: null },
    });
    const { json: found } = await get(`/api/operations?email=${email}`);
    expect(found.items).toEqual([]);
    const trail = await get(`/api/audit?subject=${json.userId}&format=csv`);
    expect(trail.text).toContain(`"Registered user","${json.userId}",""`);
    expect(trail.text).not.toContain(email);
    expect((await get(`/api/users/${json.userId}`)).json).toMatchObject({ email, name: "Ada Lovelace" });
    await stack.age(1000 * DAY);
    await worker.sweep();
    expect((await get(`/api/operations/${headers["operation-id"]}`)).status).toBe(200);
  });

  it("deletes a registration that has left nobody, and then answers 404 for it", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([{ target: "cognito", match: "=AdminCreateUser", answer: "throttle" }]);
    const { json } = await worker.register({ email: "bob@flip.example", roles: [] });
    stack.faults.clear();
    const [row] = (await look(stack)).registrations;
    expect([json.status, row?.state]).toEqual([503, "rolled_back"]);
    await stack.age(101 * DAY);
    expect(await worker.sweep()).toMatchObject({ addressesForgotten: 1 });
    expect(await worker.sweep()).toMatchObject({ operationsDeleted: 1 });
    expect((await get(`/api/operations/${row?.id}`)).status).toBe(404);
  });
});
