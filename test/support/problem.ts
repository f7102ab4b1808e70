/** The shape of every refusal: problem details (RFC 9457), whole, and with the headers that belong to it. */
import { expect } from "vitest";
import type { Problem } from "../../src/http/problem.ts";
import type { Answer } from "./http.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Expected = Pick<Problem, "status" | "code" | "detail"> & Partial<Problem>;

/** Checks the answer as a whole: nothing more may be in it than a problem has. */
export function expectProblem(answer: Answer, expected: Expected): void {
  const { status, code, detail, outcome = "nothing_created", retryable = false } = expected;
  expect(answer.json).toMatchObject({ status, code, detail, outcome, retryable });
  expect(answer.status).toBe(status);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.headers["cache-control"]).toBe("no-store");
  const { type, title, instance, requestId, operationId, ...rest } = answer.json;
  expect(type).toBe(`urn:registrar:problem:${code.replaceAll("_", "-")}`);
  expect(title).toMatch(/^[A-Z][a-z ]+$/);
  expect(requestId).toMatch(UUID);
  expect(answer.headers["x-request-id"]).toBe(requestId);
  if (operationId === undefined) expect(instance).toBe(`urn:registrar:request:${requestId}`);
  else {
    expect(operationId).toMatch(UUID);
    expect(instance).toBe(`/api/operations/${operationId}`);
  }
  const fields = {
    invalid_request: ["errors"],
    create_refused: ["reason"],
    change_refused: ["reason"],
    last_manager: ["userIds"],
    user_exists: ["userId"],
  };
  const own = (fields as Partial<Record<string, string[]>>)[code] ?? [];
  const known = ["status", "code", "detail", "outcome", "retryable", "updated", ...own];
  expect(rest.updated).toEqual(expected.updated);
  expect(known).toEqual(expect.arrayContaining(Object.keys(rest)));
  const mayRetryLater = status === 503 || status === 429 || (status === 409 && retryable);
  if (mayRetryLater) expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d{0,3}$/);
  else expect(answer.headers["retry-after"]).toBeUndefined();
}
