/** The built Worker does all of its work as a member of the role that deploy/role.sql makes, and the sweeper does. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { type Stack, startStack } from "../../../dev/stack.ts";
import { quiet } from "../../support/moments.ts";
import { startWorker, type Worker } from "../../support/worker.ts";

let stack: Stack;
let worker: Worker;
beforeAll(async () => {
  stack = await startStack();
  await stack.query(await readFile("deploy/role.sql", "utf8"));
  await stack.query("create role registrar_e2e login password 'secret' in role registrar_service");
  const url = new URL(stack.databaseUrl);
  url.username = "registrar_e2e";
  url.password = "secret";
  worker = await startWorker(stack, {
    DATABASE_URL: url.href,
    COGNITO_TIMEOUT_MS: "5000",
    COGNITO_CREATE_TIMEOUT_MS: "5000",
    DATABASE_TIMEOUT_MS: "5000",
    OPERATION_ADDRESS_DAYS: "30",
    OPERATION_DAYS: "100",
  });
}, 120_000);
afterAll(async () => {
  await worker.stop();
  await stack.query("drop owned by registrar_service; drop role registrar_e2e; drop role registrar_service");
  await stack.stop();
});

const send = (method: string, path: string, body?: object) =>
  worker.send({
    method,
    path,
    headers: { Authorization: `Bearer ${stack.adminToken}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

describe("a deployment with the least rights", () => {
  it("registers, grants, lists, changes, deletes, audits and forgets", async () => {
    const registered = await worker.register(
      { email: "ada@flip.example", name: "Ada", roles: [roles.researcher] },
      { path: "/api/step/users" },
    );
    expect(registered.status).toBe(201);
    await quiet(stack);
    const user = `/api/users/${registered.json.userId}`;
    const answers = [
      await send("POST", `${user}/roles`, { roles: [roles.observer] }),
      await send("PUT", user, { name: "Ada Lovelace" }),
      await send("PUT", user, { disabled: true, organisation: "Analytical Engines" }),
      await send("GET", user),
      await send("GET", "/api/users/?search=analytical"),
      await send("GET", "/api/operations"),
      await send("GET", "/api/audit"),
      await send("GET", "/api/roles"),
      await send("DELETE", user),
    ];
    expect(answers.map(({ status }) => status).filter((status) => status >= 300)).toEqual([]);
    await stack.age(200 * 86_400);
    const swept = [await worker.sweep(), await worker.sweep(), await worker.sweep()];
    const sum = (name: "addressesForgotten" | "operationsDeleted") =>
      swept.reduce((total, one) => total + (one?.[name] ?? 0), 0);
    expect([sum("addressesForgotten"), sum("operationsDeleted")]).toEqual([1, 2]);
    expect(worker.text()).not.toContain("42501");
  });
});
