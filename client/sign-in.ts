/**
 * Signing in at the pool's managed login, by authorization code with PKCE (RFC 7636). The access token stays in the page's
 * memory: nothing that a later page, or a script of another origin, could find.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
 */

/** Where the managed login is, and for which app client. */
export interface Login {
  /** Such as https://your-domain.auth.eu-west-2.amazoncognito.com */
  readonly domain: string;
  readonly clientId: string;
  /** This page, as it is registered with the app client. */
  readonly redirectUri: string;
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Leaves for the login. What is kept meanwhile is good for one return, and for no token. */
export const leaveToSignIn = async ({ domain, clientId, redirectUri }: Login): Promise<void> => {
  const [verifier, state] = [random(), random()];
  sessionStorage.setItem(state, verifier);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: "openid email",
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${domain}/oauth2/authorize?${query}`);
};

/** The access token of whoever comes back from the login; undefined where nobody does. */
export const returnFromSignIn = async (login: Login): Promise<string | undefined> => {
  const query = new URLSearchParams(location.search);
  const [code, state] = [query.get("code"), query.get("state") ?? ""];
  const verifier = sessionStorage.getItem(state);
  sessionStorage.removeItem(state);
  if (code === null || verifier === null) return undefined;
  history.replaceState(null, "", login.redirectUri);
  const answer = await fetch(`${login.domain}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: login.clientId,
      redirect_uri: login.redirectUri,
      code,
      code_verifier: verifier,
    }),
  });
  if (!answer.ok) return undefined;
  const { access_token: token } = (await answer.json()) as { readonly access_token?: string };
  return token;
};
