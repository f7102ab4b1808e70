/** A pool in which the case of an address counts: one mailbox may stand there in another spelling than ours. */
import { describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { eventually, hold } from "../../support/moments.ts";

const fixture = useWorker(patient, { pool: "case-sensitive" });
const get = (key: string) => ask(fixture, `GET /api/users/${encodeURIComponent(key)}`);

describe("a registration of an address that the pool has in another spelling", () => {
  const register = (email: string) => fixture.worker.register({ email, roles: [] });

  it("is user_exists, names the user, and makes no second one", async () => {
    const { stack } = fixture;
    const id = await addUser(stack, { email: "Ann.Smith@flip.example" });
    const answer = await register("ann.smith@flip.example");
    expect(answer.json).toMatchObject({ status: 400, code: "user_exists", userId: id });
    expect(stack.cognito.getUser("ann.smith@flip.example")).toBeUndefined();
    expect(stack.faults.calls("cognito").map(({ operation }) => operation)).not.toContain("AdminCreateUser");
    await stack.cognito.deleteUser(id);
    expect((await register("ann.smith@flip.example")).status).toBe(200);
  });

  it("is a 503 that has created nothing where the pool does not say, and may be repeated", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "cognito", match: "ListUsers", answer: "500" }]);
    const answer = await register("ann.smith@flip.example");
    expect(answer.json).toMatchObject({
      status: 503,
      code: "identity_provider_unavailable",
      outcome: "nothing_created",
    });
    expect(stack.cognito.getUser("ann.smith@flip.example")).toBeUndefined();
    stack.faults.clear();
    expect((await register("Ann.Smith@flip.example")).status).toBe(200);
  });

  it("is looked for beside the opening: a success is three calls in a row", async () => {
    const { stack } = fixture;
    const opened = hold(stack, "database", "/* ledger.open */");
    const answer = register("new.user@flip.example");
    await opened.reached;
    await eventually("the pool is asked", () =>
      stack.faults.calls("cognito").some(({ operation }) => operation === "ListUsers"),
    );
    opened.release();
    expect((await answer).status).toBe(200);
  });
});

it("a look-up finds a user as the address is written, else in lower case", async () => {
  const upper = await addUser(fixture.stack, { email: "Ann.Jones@flip.example" });
  expect((await get("Ann.Jones@flip.example")).json.id).toBe(upper);
  expect((await get("ann.jones@flip.example")).status).toBe(404);
  const lower = await addUser(fixture.stack, { email: "ann.jones@flip.example" });
  expect((await get("Ann.Jones@flip.example")).json.id).toBe(upper);
  expect((await get("ANN.jones@flip.example")).json.id).toBe(lower);
});
