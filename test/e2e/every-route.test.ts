/**
 * The list of routes, walked: every operation is called, every problem is provoked, and every answer is one that the
 * OpenAPI document describes, with its times in UTC. In the end no code is left that the document promises and nobody has seen.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Fault } from "../../dev/faults.ts";
import { roles } from "../../dev/seed.ts";
import { type Code, PROBLEMS } from "../../src/http/problems.ts";
import { routes } from "../../src/http/routes/all.ts";
import { contradictions, operationOf } from "../support/document.ts";
import { patient, useWorker } from "../support/fixture.ts";
import type { Answer } from "../support/http.ts";
import { type Ask, addAdmin, addUser, ask, tokenOf } from "../support/life.ts";
import { hold, quiet } from "../support/moments.ts";
import { setTimeZone, timesNotInUtc } from "../support/times.ts";
import { startWorker } from "../support/worker.ts";

const fixture = useWorker(patient);
const seen = new Set<string>();

/** Sends a request and judges the answer by the document. */
const call = async (what: string, more: Ask = {}, worker = fixture.worker): Promise<Answer> => {
  const answer = await ask({ stack: fixture.stack, worker }, what, more);
  const [method = "", target = ""] = what.split(" ");
  expect(contradictions(method, target, answer)).toEqual([]);
  expect(timesNotInUtc(answer.json)).toEqual([]);
  if (typeof answer.json?.code === "string") seen.add(answer.json.code);
  return answer;
};

const newcomer = "new.user@flip.example";
const body = { email: newcomer, roles: [roles.researcher] };
let id: string;
// Whatever zone the sessions have, answers have UTC.
beforeAll(() => setTimeZone(fixture.stack, "Asia/Kolkata"));
beforeEach(async () => {
  id = await addUser(fixture.stack, { roles: [roles.observer] });
});

/** An operation of the ledger, to ask for. */
const anOperation = async (): Promise<string> => {
  const answer = await call("POST /api/users", { body });
  await quiet(fixture.stack);
  return String(answer.headers["operation-id"]);
};

/** One good request of each route, by its id in the document. */
const REQUESTS: Readonly<Record<string, () => Promise<Answer>>> = {
  welcome: () => call("GET /api"),
  health: () => call("GET /api/health"),
  readiness: () => call("GET /api/ready"),
  metrics: () => call("GET /api/metrics"),
  registerUser: () => call("POST /api/users", { body }),
  registerUserWithRoles: () => call("POST /api/step/users", { body }),
  listUsers: async () => {
    expect((await call("GET /api/users?cursor=")).json).toHaveProperty("next");
    return call("GET /api/users?search=person&pageSize=");
  },
  getUser: () => call(`GET /api/users/${id}`),
  getPermissions: () => call(`GET /api/users/${fixture.stack.adminSub}/permissions`),
  getMfaStatus: () => call("GET /api/users/me/mfa/status", { token: tokenOf(fixture.stack, id) }),
  listRoles: () => call("GET /api/roles"),
  setRoles: () => call(`POST /api/users/${id}/roles`, { body: { roles: [roles.observer] } }),
  deleteUser: () => call(`DELETE /api/users/${id}`),
  updateUser: () => call(`PUT /api/users/${id}`, { body: { disabled: true } }),
  resetMfa: () => call(`POST /api/users/${id}/mfa/reset`),
  inviteAgain: () => call(`POST /api/users/${id}/invitation`),
  getOperation: async () => call(`GET /api/operations/${await anOperation()}`),
  listOperations: async () => {
    await anOperation();
    return call("GET /api/operations?limit=1");
  },
  resolveOperation: async () => call(`POST /api/operations/${await anOperation()}/resolve`),
  getAudit: async () => {
    await anOperation();
    for (const format of ["csv", "ndjson"]) await call(`GET /api/audit?format=${format}`);
    return call("GET /api/audit?limit=1");
  },
};

describe("every operation", () => {
  for (const route of routes)
    it(`${route.id} answers as the document says, with and without a trailing slash`, async () => {
      const request = REQUESTS[route.id];
      if (request === undefined) throw new Error(`no request is known for ${route.id}`);
      const answer = await request();
      expect(Object.keys(route.answers)).toContain(String(answer.status));
      const wrong = await call(`PATCH ${route.path.replace(/\{.*?\}/, id)}/`);
      expect([wrong.status, operationOf(route.method, `${route.path}/`)?.operationId]).toEqual([
        405,
        route.id,
      ]);
    });

  for (const route of routes.filter(({ needs }) => needs !== "nothing"))
    it(`${route.id} refuses a query parameter that it does not know, and takes one without a value for absent`, async () => {
      const what = `${route.method} ${route.path.replace(/\{.*?\}/, id)}`;
      const refused = await call(`${what}?filter=x`, { body: {} });
      expect([refused.status, refused.json.errors]).toMatchObject([422, [{ loc: ["query", "filter"] }]]);
      const { text } = await call(`${what}?filter=`, { body: {} });
      expect(text).not.toContain("filter");
    });
});

const commitRefused: Fault = { target: "database", match: "=ledger.commit", answer: "error", code: "23514" };
const faulty = (...faults: Fault[]) => fixture.stack.faults.set(faults);
const lostAt = (match: string): Fault => ({ target: "cognito", match, answer: "500" });

/** A request that hears each code. */
const PROVOCATIONS: Readonly<Record<Code, () => Promise<Answer>>> = {
  malformed_body: () => call("POST /api/users", { body: "{" }),
  invalid_idempotency_key: () =>
    call("POST /api/users", { body, headers: { "Idempotency-Key": "x".repeat(256) } }),
  invalid_if_match: () =>
    call(`PUT /api/users/${id}`, { body: { disabled: true }, headers: { "If-Match": "x" } }),
  precondition_failed: () =>
    call(`PUT /api/users/${id}`, { body: { disabled: true }, headers: { "If-Match": '"x"' } }),
  invalid_user_key: () => call("GET /api/users/nobody"),
  unknown_roles: () => call("POST /api/users", { body: { ...body, roles: [crypto.randomUUID()] } }),
  user_exists: async () => {
    await addUser(fixture.stack, { email: newcomer });
    return call("POST /api/users", { body });
  },
  not_authenticated: () => call("GET /api/roles", { token: null }),
  invalid_token: () => call("GET /api/roles", { token: fixture.stack.signToken({ exp: 1 }) }),
  forbidden: () => call("GET /api/users", { token: fixture.stack.viewerToken }),
  mfa_required: async () => {
    const strict = await startWorker(fixture.stack, { ...patient, ENFORCE_MFA: "true" });
    const { token } = await addAdmin(fixture.stack);
    return call("GET /api/roles", { token }, strict).finally(strict.stop);
  },
  not_oneself: () => call(`GET /api/users/${id}/permissions`),
  not_found: () => call("GET /api/nowhere"),
  operation_not_found: () => call(`GET /api/operations/${crypto.randomUUID()}`),
  user_not_found: () => call(`GET /api/users/${crypto.randomUUID()}`),
  method_not_allowed: () => call("PUT /api/health"),
  registration_in_progress: async () => {
    faulty(commitRefused, lostAt("=AdminDeleteUser"));
    await call("POST /api/users", { body });
    return call("POST /api/users", { body });
  },
  user_removed: async () => {
    const keyed = { body, headers: { "Idempotency-Key": "once" } };
    const { json } = await call("POST /api/users", keyed);
    await quiet(fixture.stack);
    faulty({ target: "cognito", match: "RESEND", answer: "throttle" });
    await fixture.stack.query("update registrar.operation set state = 'user_lost' where sub = $1", [
      json.userId,
    ]);
    return call("POST /api/users", keyed);
  },
  profiles_not_kept: async () => {
    await fixture.stack.query("alter table user_profile rename to elsewhere");
    const asked = call(`PUT /api/users/${id}`, { body: { name: "Ada" } });
    return asked.finally(() => fixture.stack.query("alter table elsewhere rename to user_profile"));
  },
  own_account: () => call(`DELETE /api/users/${fixture.stack.adminSub}`),
  last_manager: () => call(`POST /api/users/${fixture.stack.adminSub}/roles`, { body: { roles: [] } }),
  superseded: async () => {
    const held = hold(fixture.stack, "database", "/* changes.open */");
    const earlier = call(`PUT /api/users/${id}`, { body: { disabled: true } });
    await held.reached;
    await call(`PUT /api/users/${id}`, { body: { disabled: false } });
    held.release();
    return earlier;
  },
  invitation_not_needed: async () => {
    const confirmed = await addUser(fixture.stack, { confirmed: true });
    return call(`POST /api/users/${confirmed}/invitation`);
  },
  change_refused: () => {
    faulty({
      target: "cognito",
      match: "=AdminDisableUser",
      answer: "error",
      code: "InvalidParameterException",
    });
    return call(`PUT /api/users/${id}`, { body: { disabled: true } });
  },
  close_not_possible: async () => {
    faulty(lostAt("=AdminDisableUser"));
    const { json } = await call(`PUT /api/users/${id}`, { body: { disabled: true } });
    return call(`POST /api/operations/${json.operationId}/resolve`, { body: { close: true } });
  },
  second_factor_elsewhere: async () =>
    call(`POST /api/users/${await fixture.stack.cognito.createFederated("fay@flip.example")}/mfa/reset`),
  leave_not_possible: async () =>
    call(`POST /api/operations/${await anOperation()}/resolve`, { body: { leave: true } }),
  body_too_large: () => call("POST /api/users", { body: { ...body, more: "x".repeat(70_000) } }),
  unsupported_media_type: () => call("POST /api/users", { body, headers: { "Content-Type": "text/plain" } }),
  invalid_request: () => call("POST /api/users", { body: {} }),
  idempotency_key_reused: async () => {
    const headers = { "Idempotency-Key": "twice" };
    await call("POST /api/users", { body, headers });
    return call("POST /api/users", { body: { ...body, roles: [] }, headers });
  },
  too_many_requests: async () => {
    const strict = await startWorker(fixture.stack, patient, { limits: { CALLERS: 1 } });
    await call("GET /api/roles", {}, strict);
    return call("GET /api/roles", {}, strict).finally(strict.stop);
  },
  create_refused: () => {
    const code = "InvalidParameterException";
    faulty({ target: "cognito", match: "=AdminCreateUser", answer: "error", code });
    return call("POST /api/users", { body });
  },
  registration_rolled_back: () => {
    faulty(commitRefused);
    return call("POST /api/users", { body });
  },
  cleanup_required: () => {
    faulty(commitRefused, lostAt("=AdminDeleteUser"));
    return call("POST /api/users", { body });
  },
  remove_tracked: () => {
    faulty(lostAt("=AdminDeleteUser"));
    return call(`DELETE /api/users/${id}`);
  },
  disable_tracked: () => {
    faulty(lostAt("=AdminDisableUser"));
    return call(`PUT /api/users/${id}`, { body: { disabled: true } });
  },
  enable_tracked: () => {
    faulty(lostAt("=AdminEnableUser"));
    return call(`PUT /api/users/${id}`, { body: { disabled: false } });
  },
  reset_mfa_tracked: () => {
    faulty(lostAt("=AdminUserGlobalSignOut"));
    return call(`POST /api/users/${id}/mfa/reset`);
  },
  invite_tracked: () => {
    faulty(lostAt("RESEND"));
    return call(`POST /api/users/${id}/invitation`);
  },
  operation_undecodable: async () => {
    const unreadable = await anOperation();
    await fixture.stack.query("update registrar.operation set history = '{}' where id = $1", [unreadable]);
    return call(`POST /api/operations/${unreadable}/resolve`);
  },
  database_refused: () => {
    faulty({ target: "database", answer: "error", code: "42P01" });
    return call("GET /api/roles");
  },
  internal_error: async () => {
    const misconfigured = await startWorker(fixture.stack, { AWS_REGION: "nowhere" });
    return call("GET /api/roles", {}, misconfigured).finally(misconfigured.stop);
  },
  database_unavailable: () => {
    faulty({ target: "database", answer: "reset" });
    return call("GET /api/roles");
  },
  identity_provider_unavailable: () => {
    faulty({ target: "cognito", match: "=AdminGetUser", answer: "reset" });
    return call(`GET /api/users/${id}`);
  },
  signing_keys_unavailable: async () => {
    const fresh = await startWorker(fixture.stack, patient);
    faulty({ target: "cognito", match: "JWKS", answer: "500" });
    return call("GET /api/roles", {}, fresh).finally(fresh.stop);
  },
};

describe("every problem", () => {
  for (const [code, provoke] of Object.entries(PROVOCATIONS))
    it(`${code} is heard, with the status and the shape that the document gives it`, async () => {
      const { status, json } = await provoke();
      expect([json.code, json.status, status]).toEqual([code, PROBLEMS[code as Code].status, status]);
    });
});

describe("the document", () => {
  afterAll(() => {
    const unseen = Object.keys(PROBLEMS).filter((code) => !seen.has(code));
    console.log(`problem codes that this run never saw: ${unseen.join(", ") || "none"}`);
  });

  it("promises no problem that the whole run never saw", () => {
    expect(Object.keys(PROBLEMS).filter((code) => !seen.has(code))).toEqual([]);
  });

  it("is served at /openapi.json, and is that of the routes", async () => {
    const { status, json, headers } = await ask(fixture, "GET /openapi.json", { token: null });
    expect([status, headers["content-type"], json.openapi]).toEqual([200, "application/json", "3.1.1"]);
    const served = Object.values(json.paths as object).flatMap((path: object) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(served.sort()).toEqual(routes.map((route) => route.id).sort());
  });
});
