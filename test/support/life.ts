/**
 * What the tests of a user's life ask and make: any request by any caller, people made by hand with roles, and the
 * table of endpoints, so that what holds for all of them is tested for all of them.
 */
import { consoleKeyId } from "../../dev/cognito-console.ts";
import { roles } from "../../dev/seed.ts";
import type { Stack } from "../../dev/stack.ts";
import type { Fixture } from "./fixture.ts";
import { type Answer, exchange } from "./http.ts";

export interface Ask {
  /** Default: the stack's administrator; null sends none. */
  readonly token?: string | null;
  /** Sent as JSON; a string as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one request, written as in the documentation: `PUT /api/users/{id}`. */
export function ask({ stack, worker }: Fixture, what: string, more: Ask = {}): Promise<Answer> {
  return begin({ stack, worker }, what, more).answer;
}

/** A request whose client can go away. */
export function begin({ stack, worker }: Fixture, what: string, { token, body, headers }: Ask = {}) {
  const [method = "GET", path = "/"] = what.split(/ (.*)/s);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return exchange(worker.url, {
    method,
    path,
    headers: {
      ...(token !== null && { Authorization: `Bearer ${token ?? stack.adminToken}` }),
      ...(text !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(text !== undefined && { body: text }),
  });
}

/** An access token of anybody in the pool. */
export const tokenOf = (stack: Stack, sub: string) => stack.signToken({ sub, username: sub });

let people = 0;

export interface Made {
  readonly email?: string;
  readonly roles?: ReadonlyArray<string>;
  readonly enabled?: boolean;
  /** Has signed in; otherwise they still have the password of the invitation. */
  readonly confirmed?: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A user made by hand, behind the faults' back, without audit row; returns the `sub`. */
export async function addUser(stack: Stack, made: Made = {}): Promise<string> {
  people += 1;
  const { email = `person-${people}@flip.example`, enabled = true, confirmed = false } = made;
  const sub = await stack.cognito.createUser(email, made.attributes);
  if (confirmed) await stack.cognito.confirm(sub);
  if (!enabled) await stack.cognito.setEnabled(sub, false);
  for (const role of made.roles ?? []) await stack.grant(sub, role);
  return sub;
}

/** Another administrator. */
export async function addAdmin(stack: Stack): Promise<{ sub: string; token: string }> {
  const sub = await addUser(stack, { roles: [roles.admin], confirmed: true });
  return { sub, token: tokenOf(stack, sub) };
}

/** Sends one signed call to the pool itself, as the console would. */
export async function atTheConsole(stack: Stack, operation: string, request: object): Promise<void> {
  const { status, body } = await stack.cognito.provider.handle({
    method: "POST",
    path: "/",
    body: JSON.stringify({ UserPoolId: stack.userPoolId, ...request }),
    headers: {
      "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${consoleKeyId}/`,
    },
  });
  if (status !== 200) throw new Error(body);
}

/** An endpoint: how to ask it so that nothing is wrong with the request. */
export interface Endpoint {
  readonly what: string;
  readonly body?: unknown;
  /** What a caller without CAN_MANAGE_USERS hears, after their id; absent where they need no permission. */
  readonly refused?: string;
  /** Every method that the path knows. */
  readonly allow: ReadonlyArray<string>;
}

const manage = "was unable to manage users";

/** All of them; `{id}` is a user's id. */
export const endpoints: ReadonlyArray<Endpoint> = [
  {
    what: "POST /api/step/users",
    body: { email: "new.user@flip.example", roles: [roles.researcher] },
    refused: "was unable to register a user",
    allow: ["POST"],
  },
  {
    what: "POST /api/users/{id}/roles",
    body: { roles: [roles.observer] },
    refused: "was unable to update a user's roles",
    allow: ["POST"],
  },
  { what: "DELETE /api/users/{id}", refused: manage, allow: ["GET", "HEAD", "PUT", "DELETE"] },
  {
    what: "PUT /api/users/{id}",
    body: { disabled: true },
    refused: manage,
    allow: ["GET", "HEAD", "PUT", "DELETE"],
  },
  { what: "GET /api/users/{id}", allow: ["GET", "HEAD", "PUT", "DELETE"] },
  { what: "GET /api/users", refused: manage, allow: ["GET", "HEAD", "POST"] },
  { what: "GET /api/users/{id}/permissions", allow: ["GET", "HEAD"] },
  { what: "POST /api/users/{id}/invitation", refused: manage, allow: ["POST"] },
  { what: "POST /api/users/{id}/mfa/reset", refused: manage, allow: ["POST"] },
  { what: "GET /api/users/me/mfa/status", allow: ["GET", "HEAD"] },
  { what: "GET /api/roles", refused: "does not have permission", allow: ["GET", "HEAD"] },
  { what: "GET /api/audit", refused: manage, allow: ["GET", "HEAD"] },
];
