/** Requests that are refused before anything is created. Whatever is wrong, both stores stay as they were. */
import { describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import type { Message } from "../../support/http.ts";
import { expectProblem } from "../../support/problem.ts";
import { expectNothingOf, expectUntouched, look } from "../../support/stores.ts";

const fixture = useWorker(patient);
const email = "new.user@flip.example";

/** A request with exactly this body and type. */
const send = (body: string | Uint8Array, type = "application/json", more: Partial<Message> = {}) =>
  fixture.worker.send({
    method: "POST",
    path: "/api/users/",
    body,
    headers: { "Content-Type": type, Authorization: `Bearer ${fixture.stack.adminToken}` },
    ...more,
  });

describe("400", () => {
  const malformed: Record<string, string | Uint8Array> = {
    "text that is no JSON": "{email:}",
    "a body that ends early": '{"email":"a@b.com"',
    NaN: '{"email":NaN,"roles":[]}',
    Infinity: '{"email":Infinity,"roles":[]}',
    "bytes that are no UTF-8": Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
    "UTF-16": Buffer.from(`\uFEFF{"email":"${email}","roles":[]}`, "utf16le"),
    gzip: Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
  };
  for (const [what, body] of Object.entries(malformed))
    it(`calls ${what} malformed`, async () => {
      const detail = "The body is not valid JSON in UTF-8.";
      expectProblem(await send(body), { status: 400, code: "malformed_body", detail });
      await expectUntouched(fixture.stack);
    });

  it("names the roles that do not exist, in the order of the request, and writes nothing", async () => {
    const { stack, worker } = fixture;
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
    const sent = [two.toUpperCase(), roles.admin, one, two];
    const answer = await worker.register({ email, roles: sent });
    expectProblem(answer, {
      status: 400,
      code: "unknown_roles",
      detail: `Invalid role(s): [${two}, ${one}]`,
    });
    expect(await look(stack)).toEqual({ users: [], audits: [], registrations: [] });
    expect(stack.faults.calls("cognito").filter(({ operation }) => operation !== "JWKS")).toEqual([]);
  });

  it("says that the user exists, and leaves the foreign user and their mail box alone", async () => {
    const { stack, worker } = fixture;
    const foreign = await stack.cognito.createUser(email);
    const answer = await worker.register({ email: email.toUpperCase(), roles: [] });
    const detail = `User with email ${email} already exists`;
    expectProblem(answer, { status: 400, code: "user_exists", detail });
    expect(answer.json.userId).toBe(foreign);
    const { users, audits, registrations } = await look(stack);
    expect([users.map(({ sub }) => sub), audits]).toEqual([[foreign], []]);
    expect(registrations).toMatchObject([{ id: answer.json.operationId, state: "rejected", due_at: null }]);
    expect(stack.mails()).toEqual([]);
    expect(stack.faults.calls("cognito").map(({ operation }) => operation)).not.toContain("AdminDeleteUser");
  });

  it("says that a user whom it registered itself exists, and keeps them", async () => {
    const { stack, worker } = fixture;
    const { json } = await worker.register({ email, roles: [] });
    const answer = await worker.register({ email, roles: [] });
    expect([answer.status, answer.json.code]).toEqual([400, "user_exists"]);
    expect(stack.cognito.getUser(email)?.sub).toBe(json.userId);
  });
});

describe("403", () => {
  it("refuses a caller without the permission, whatever else is wrong with the request", async () => {
    const { stack, worker } = fixture;
    const detail = `User with ID: ${stack.viewerSub} was unable to register a user`;
    await stack.cognito.createUser("taken@flip.example");
    for (const body of [
      { email, roles: [] },
      { email, roles: [crypto.randomUUID()] },
      { email: "taken@flip.example", roles: [] },
    ])
      expectProblem(await worker.register(body, { token: stack.viewerToken }), {
        status: 403,
        code: "forbidden",
        detail,
      });
    expect((await look(stack)).registrations).toEqual([]);
    const { users, audits } = await look(stack);
    expect(users.map((user) => user.email)).toEqual(["taken@flip.example"]);
    const denials = audits.map((row) => [row.action, row.user_id, row.modified_by_user_id]);
    const denial = ["Denied registration", stack.viewerSub, stack.viewerSub];
    expect(denials, "refusals are written to the audit trail, together").toEqual([denial]);
  });

  it("refuses a token of the pool whose person has no role at all", async () => {
    const { stack, worker } = fixture;
    const token = stack.signToken({ sub: crypto.randomUUID() });
    expect((await worker.register({ email, roles: [] }, { token })).status).toBe(403);
    await expectNothingOf(stack, email);
  });
});

describe("404 and 405", () => {
  it("answers an unknown path with 404 before it asks for a token", async () => {
    for (const path of [
      "/nothing",
      "/api/user",
      "/api/users/x/y",
      "//api/users/",
      "/api//users/",
      "/API/users/",
    ]) {
      const answer = await fixture.worker.send({ method: "POST", path });
      expectProblem(answer, { status: 404, code: "not_found", detail: "Not Found" });
    }
    await expectUntouched(fixture.stack);
  });

  it("names the methods of a known path in Allow", async () => {
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      const answer = await fixture.worker.send({ method, path: "/api/users/" });
      const detail = "Method Not Allowed";
      expectProblem(answer, { status: 405, code: "method_not_allowed", detail });
      expect(answer.headers.allow?.split(", ")).toContain("POST");
    }
    await expectUntouched(fixture.stack);
  });
});

describe("413", () => {
  const padded = (bytes: number) => {
    const body = { email, roles: [], padding: "" };
    return JSON.stringify({ ...body, padding: "x".repeat(bytes - JSON.stringify(body).length) });
  };

  it("refuses a body above 64 KiB, announced or chunked, and takes one of exactly 64 KiB", async () => {
    const large = padded(64 * 1024 + 1);
    const detail = "The body must not be larger than 65536 bytes.";
    const headers = {
      "Content-Type": "application/json",
      Authorization: `Bearer ${fixture.stack.adminToken}`,
    };
    const chunked = { headers: { ...headers, "Transfer-Encoding": "chunked" } };
    for (const answer of [await send(large), await send(large, "application/json", chunked)])
      expectProblem(answer, { status: 413, code: "body_too_large", detail });
    await expectUntouched(fixture.stack);
    expect((await send(padded(64 * 1024))).status).toBe(200);
  });
});

describe("415", () => {
  it("takes JSON only, and says so", async () => {
    const body = JSON.stringify({ email, roles: [] });
    const detail = "The body must be JSON, sent as Content-Type: application/json.";
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "text/json",
      "application/jsonp",
      "",
    ])
      expectProblem(await send(body, type), { status: 415, code: "unsupported_media_type", detail });
    await expectUntouched(fixture.stack);
  });
});
