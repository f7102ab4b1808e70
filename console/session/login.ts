/**
 * The authorization code flow with PKCE (RFC 7636) against the pool's managed login.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
 * https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
 */
const meta = (name: string) => document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? "";

/** Where the pool's login is; empty where the deployment has none. */
export const login = meta("registrar-login");
const clientId = meta("registrar-client");

/** Where the login sends people back to: the page itself, registered with the app client. */
export const home = new URL("/console/", location.href).href;

export interface Tokens {
  readonly access_token: string;
  /** In seconds. */
  readonly expires_in: number;
}

/** A sign-in that is on its way: what it is known by, and what only its sender knows. */
export interface Journey {
  readonly state: string;
  readonly verifier: string;
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

export const beginJourney = (): Journey => ({ state: random(), verifier: random() });

/** The address of the login for one sign-in. */
export async function addressFor({ state, verifier }: Journey): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: home,
    response_type: "code",
    scope: "openid email",
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  return `${login}/oauth2/authorize?${query}`;
}

/** The token for a code; undefined where the login refuses, or does not answer. */
export async function redeem(code: string, { verifier }: Journey): Promise<Tokens | undefined> {
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: clientId,
    redirect_uri: home,
    code,
    code_verifier: verifier,
  });
  const answer = await fetch(`${login}/oauth2/token`, { method: "POST", body }).catch(() => undefined);
  return answer?.ok ? ((await answer.json()) as Tokens) : undefined;
}

/** Where the pool forgets who has signed in, and sends them back here. */
export const signOutAddress = (): string =>
  `${login}/logout?${new URLSearchParams({ client_id: clientId, logout_uri: home })}`;
