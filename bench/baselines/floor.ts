/**
 * The baseline *floor*: a bare route that verifies the token and makes three fetches, each after the one before. Nothing
 * that asks three times over a network can answer earlier.
 */
import { Hono } from "hono";
import { createRemoteJWKSet, jwtVerify } from "jose";

interface Bindings {
  readonly TOKEN_ISSUER: string;
  readonly COGNITO_ENDPOINT: string;
}

const app = new Hono<{ Bindings: Bindings }>();
let keys: ReturnType<typeof createRemoteJWKSet> | undefined;

app.post("/api/users/", async (c) => {
  const { TOKEN_ISSUER: issuer, COGNITO_ENDPOINT } = c.env;
  keys ??= createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  const token = c.req.header("Authorization")?.replace("Bearer ", "") ?? "";
  await jwtVerify(token, keys, { issuer, algorithms: ["RS256"] });
  let answer: unknown = await c.req.json();
  for (let call = 0; call < 3; call++) {
    const body = JSON.stringify(answer);
    const response = await fetch(`${COGNITO_ENDPOINT}/echo`, { method: "POST", body });
    answer = await response.json();
  }
  return c.json(answer as object);
});

export default app;
