/**
 * The baseline *plain*: the endpoint as a good engineer writes it in an hour, with FLIP's sequence of calls: permission,
 * roles, Cognito, audit, and for the other path the grants. It has the same framework, driver and SDK, one line of log a
 * request, and a deletion where the audit row cannot be written; no ledger, so nothing survives a crash between two calls.
 */
import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  CognitoIdentityProviderClient,
  UsernameExistsException,
} from "@aws-sdk/client-cognito-identity-provider";
import { type NeonQueryFunction, neon, neonConfig } from "@neondatabase/serverless";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { createRemoteJWKSet, jwtVerify } from "jose";

interface Bindings {
  readonly AWS_REGION: string;
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
  readonly AWS_COGNITO_USER_POOL_ID: string;
  readonly AWS_COGNITO_APP_CLIENT_ID: string;
  readonly COGNITO_ENDPOINT: string;
  readonly TOKEN_ISSUER: string;
  readonly DATABASE_URL: string;
  readonly NEON_ENDPOINT: string;
}

interface Clients {
  readonly sql: NeonQueryFunction<false, false>;
  readonly cognito: CognitoIdentityProviderClient;
  readonly keys: ReturnType<typeof createRemoteJWKSet>;
}

const CAN_MANAGE_USERS = "f6dbd04e-d1ef-4cb7-84c2-c29fb35cf83b";
const EMAIL = /^[^\s@]{1,64}@[^\s@]+\.[^\s@]+$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

let clients: Clients | undefined;

const makeClients = (env: Bindings): Clients => {
  neonConfig.fetchEndpoint = env.NEON_ENDPOINT;
  return {
    sql: neon(env.DATABASE_URL),
    cognito: new CognitoIdentityProviderClient({
      region: env.AWS_REGION,
      endpoint: env.COGNITO_ENDPOINT,
      credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
    }),
    keys: createRemoteJWKSet(new URL(`${env.TOKEN_ISSUER}/.well-known/jwks.json`)),
  };
};

const app = new Hono<{ Bindings: Bindings }>();
app.use(requestId(), secureHeaders());

const callerOf = async (authorization: string | undefined, env: Bindings, { keys }: Clients) => {
  const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new HTTPException(401, { message: "Not authenticated" });
  const { payload } = await jwtVerify(token, keys, { issuer: env.TOKEN_ISSUER, algorithms: ["RS256"] }).catch(
    () => {
      throw new HTTPException(401, { message: "Could not validate credentials" });
    },
  );
  const good = payload.token_use === "access" && payload.client_id === env.AWS_COGNITO_APP_CLIENT_ID;
  if (!good || payload.sub === undefined)
    throw new HTTPException(401, { message: "Could not validate credentials" });
  return payload.sub;
};

const bodyOf = async (request: Request) => {
  const body = (await request.json().catch(() => null)) as { email?: unknown; roles?: unknown } | null;
  const { email, roles } = body ?? {};
  const isRole = (role: unknown): role is string => typeof role === "string" && UUID.test(role);
  if (typeof email !== "string" || !EMAIL.test(email) || !Array.isArray(roles) || !roles.every(isRole))
    throw new HTTPException(422, { message: "email and roles are required" });
  return { email: email.trim().toLowerCase(), roles };
};

const register = async (
  caller: string,
  { email, roles }: Awaited<ReturnType<typeof bodyOf>>,
  env: Bindings,
  { sql, cognito }: Clients,
) => {
  const held = await sql`
    select role_permission.permission_id from user_role join role_permission using (role_id)
    where user_role.user_id = ${caller} and role_permission.permission_id = ${CAN_MANAGE_USERS} limit 1`;
  if (held.length === 0)
    throw new HTTPException(403, { message: `User with ID: ${caller} was unable to register a user` });
  const known = new Set((await sql`select id from roles`).map(({ id }) => id));
  const unknown = roles.filter((role) => !known.has(role));
  if (unknown.length > 0) throw new HTTPException(400, { message: `Invalid role(s): ${unknown.join(", ")}` });

  const command = new AdminCreateUserCommand({
    UserPoolId: env.AWS_COGNITO_USER_POOL_ID,
    Username: email,
    UserAttributes: [
      { Name: "email", Value: email },
      { Name: "email_verified", Value: "true" },
    ],
  });
  const { User } = await cognito.send(command).catch((error: unknown) => {
    if (error instanceof UsernameExistsException)
      throw new HTTPException(400, { message: `User with email ${email} already exists` });
    throw new HTTPException(500, { message: "Failed to create user", cause: error });
  });
  const sub = User?.Attributes?.find(({ Name }) => Name === "sub")?.Value;
  if (sub === undefined) throw new HTTPException(500, { message: "User created but could not get user ID" });

  try {
    await sql`insert into users_audit (id, action, user_id, modified_by_user_id, timestamp)
      values (${crypto.randomUUID()}, 'Registered user', ${sub}, ${caller}, now())`;
  } catch (error) {
    await cognito.send(
      new AdminDeleteUserCommand({ UserPoolId: env.AWS_COGNITO_USER_POOL_ID, Username: email }),
    );
    throw new HTTPException(500, { message: "Failed to register user. Please try again.", cause: error });
  }
  return sub;
};

app.post("/api/users/", async (c) => {
  clients ??= makeClients(c.env);
  const caller = await callerOf(c.req.header("Authorization"), c.env, clients);
  const body = await bodyOf(c.req.raw);
  const userId = await register(caller, body, c.env, clients);
  console.log(
    JSON.stringify({
      time: new Date().toISOString(),
      message: "user registered",
      requestId: c.get("requestId"),
      userId,
    }),
  );
  return c.json({ roles: body.roles, email: body.email, userId });
});

app.post("/api/step/users", async (c) => {
  clients ??= makeClients(c.env);
  const caller = await callerOf(c.req.header("Authorization"), c.env, clients);
  const body = await bodyOf(c.req.raw);
  const userId = await register(caller, body, c.env, clients);
  await clients.sql`insert into user_role (user_id, role_id) select ${userId}, unnest(${body.roles}::uuid[])`;
  console.log(
    JSON.stringify({
      time: new Date().toISOString(),
      message: "user registered",
      requestId: c.get("requestId"),
      userId,
    }),
  );
  return c.json({ roles: body.roles, email: body.email, user_id: userId }, 201);
});

app.onError((error, c) => {
  const status = error instanceof HTTPException ? error.status : 500;
  console.error(
    JSON.stringify({
      time: new Date().toISOString(),
      message: error.message,
      requestId: c.get("requestId"),
      status,
    }),
  );
  return c.json({ detail: status === 500 ? "Internal server error" : error.message }, status);
});

export default app;
