/**
 * Signs tokens with the emulator's own key, so that tests can make any token Cognito could, and many it never would.
 * The key is public knowledge (it ships with cognito-local): a deployment must never trust it.
 */
import { createPrivateKey, sign } from "node:crypto";
import privateKey from "cognito-local/lib/keys/cognitoLocal.private.json" with { type: "json" };
import publicKey from "cognito-local/lib/keys/cognitoLocal.public.json" with { type: "json" };

/** The key that `<issuer>/.well-known/jwks.json` publishes. */
export const publicJwk: { readonly kid: string; readonly [member: string]: string } = publicKey.jwk;

const key = createPrivateKey(privateKey.pem);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A signed token with exactly these claims; `header` changes or (with undefined) removes header fields. */
export function sign256(claims: object, header: Record<string, unknown> = {}): string {
  const signed = `${part({ alg: "RS256", kid: publicJwk.kid, ...header })}.${part(claims)}`;
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), key).toString("base64url")}`;
}

/** The claims of a fresh access token, as Cognito issues them. */
export function accessClaims(issuer: string, clientId: string, sub: string): Record<string, unknown> {
  const iat = Math.floor(Date.now() / 1000);
  return {
    sub,
    iss: issuer,
    client_id: clientId,
    origin_jti: crypto.randomUUID(),
    event_id: crypto.randomUUID(),
    token_use: "access",
    scope: "aws.cognito.signin.user.admin",
    auth_time: iat,
    exp: iat + 3600,
    iat,
    jti: crypto.randomUUID(),
    username: sub,
  };
}
