/**
 * The managed login of the local pool: cognito-local's own /oauth2 (authorization code with PKCE), which keeps passwords,
 * behind a page that wants none. One click signs in as the administrator or as the viewer; an address, as anybody else.
 * What Cognito has besides, and the emulator has not: the sign-out at /logout, and answers that a page may read.
 */
import { randomBytes } from "node:crypto";
import { AuthorizationCodeStore } from "cognito-local/lib/oauth2/authorizationCodeStore.js";
import { attachOAuth2Routes } from "cognito-local/lib/oauth2/routes.js";
import type { CognitoServiceImpl } from "cognito-local/lib/services/cognitoService.js";
import type { Services } from "cognito-local/lib/services/index.js";
import type { User, UserPoolService } from "cognito-local/lib/services/userPoolService.js";
import { context } from "./cognito-users.ts";
import type { Answer, Arrival } from "./door.ts";

interface Parts {
  readonly cognito: CognitoServiceImpl;
  readonly tokenGenerator: Services["tokenGenerator"];
  readonly pool: UserPoolService;
  /** Whom an address, a user name or a `sub` names. */
  readonly seek: (name: string) => User | undefined;
}

/** The paths that belong to the login; every other is the signed API's. */
export interface Login {
  readonly owns: (arrival: Arrival) => boolean;
  readonly handle: (arrival: Arrival) => Promise<Answer>;
}

type Fields = Record<string, string>;
type Handler = (request: object, response: object) => Promise<unknown>;

/** Who may sign in with one click. */
const PEOPLE: ReadonlyArray<readonly [address: string, what: string]> = [
  ["admin@flip.example", "Sign in as the administrator"],
  ["viewer@flip.example", "Sign in as the viewer"],
];

export function makeLogin({ cognito, tokenGenerator, pool, seek }: Parts): Login {
  const codes = new AuthorizationCodeStore();

  /** One of cognito-local's handlers, for a request that says where the browser is to go back to. */
  function handlerOf(key: string, back: string): Handler | undefined {
    // Cognito wants callback addresses registered; the ports of a local stack are chosen when it starts.
    const getAppClient: CognitoServiceImpl["getAppClient"] = async (...args) => {
      const client = await cognito.getAppClient(...args);
      const { CallbackURLs = [] } = client ?? {};
      return client && { ...client, CallbackURLs: isLocal(back) ? [...CallbackURLs, back] : CallbackURLs };
    };
    const lenient = Object.assign(Object.create(cognito) as CognitoServiceImpl, { getAppClient });
    const handlers = new Map<string, Handler>();
    const app = {
      get: (path: string, handler: Handler) => handlers.set(`GET ${path}`, handler),
      post: (path: string, handler: Handler) => handlers.set(`POST ${path}`, handler),
    };
    attachOAuth2Routes(app as never, { cognito: lenient, tokenGenerator } as unknown as Services, codes);
    return handlers.get(key);
  }

  async function delegate(key: string, query: Fields, body: Fields): Promise<Answer> {
    const handler = handlerOf(key, query.redirect_uri ?? body.redirect_uri ?? "");
    if (handler === undefined) return text(404, "There is no such page.");
    const { response, answer } = makeResponse();
    await handler({ query, body, log: context.logger }, response);
    return answer();
  }

  /** The user's own password; one who has none yet gets one, as if they had set it. */
  async function passwordOf(user: User): Promise<string> {
    if (user.Password) return user.Password;
    const Password = randomBytes(18).toString("base64url");
    await pool.saveUser(context, { ...user, Password });
    return Password;
  }

  async function authorize(body: Fields): Promise<Answer> {
    const user = seek(body.username ?? "");
    if (user === undefined || !user.Enabled)
      return page(body, `The local pool has nobody enabled by the name of ${body.username ?? ""}.`);
    const password = await passwordOf(user);
    return delegate("POST /oauth2/authorize", {}, { ...body, username: user.Username, password });
  }

  async function handle({ method, path, body }: Arrival): Promise<Answer> {
    const url = new URL(path, "http://local");
    const query = Object.fromEntries(url.searchParams);
    const fields = Object.fromEntries(new URLSearchParams(body));
    const key = `${method} ${url.pathname}`;
    if (key === "GET /logout") {
      const back = query.logout_uri ?? "";
      return isLocal(back) ? redirect(back) : text(400, "logout_uri is not of this machine.");
    }
    if (key === "POST /oauth2/authorize") return authorize(fields);
    const answer = await delegate(key, query, fields);
    return key === "GET /oauth2/authorize" && answer.status === 200 ? page(query) : readable(answer);
  }

  return { owns: ({ path }) => /^\/(oauth2\/|logout\b)/.test(path), handle };
}

const isLocal = (address: string): boolean =>
  URL.canParse(address) && /^(127\.0\.0\.1|localhost)$/.test(new URL(address).hostname);

const text = (status: number, body: string): Answer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body,
});

const redirect = (location: string): Answer => ({ status: 302, headers: { location }, body: "" });

/** Cognito lets a page of any origin read what /oauth2/token answers. */
const readable = (answer: Answer): Answer => ({
  ...answer,
  headers: { ...answer.headers, "access-control-allow-origin": "*" },
});

/** As much of an express response as cognito-local's handlers use. */
function makeResponse(): { readonly response: object; readonly answer: () => Answer } {
  let answer: Answer = text(500, "cognito-local has answered nothing.");
  let status = 200;
  const response = {
    status: (code: number) => {
      status = code;
      return response;
    },
    type: () => response,
    send: (body: string) => {
      answer = { status, headers: { "content-type": "text/html; charset=utf-8" }, body };
    },
    json: (body: unknown) => {
      answer = { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    },
    redirect: (location: string) => {
      answer = redirect(location);
    },
  };
  return { response, answer: () => answer };
}

const quoted = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** The page: a form for each person, and one for everybody else. */
function page(query: Fields, wrong?: string): Answer {
  const hidden = Object.entries(query)
    .filter(([name]) => name !== "username")
    .map(([name, value]) => `<input type="hidden" name="${quoted(name)}" value="${quoted(value)}">`)
    .join("");
  const form = (inner: string) => `<form method="post" action="/oauth2/authorize">${hidden}${inner}</form>`;
  const buttons = PEOPLE.map(([address, what]) =>
    form(`<button name="username" value="${address}">${what}</button>`),
  ).join("");
  const other = form(
    '<label>Somebody else, by address <input name="username" required></label> <button>Sign in</button>',
  );
  const body = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The local pool</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:12vh auto;padding:0 1rem}
form{margin:.75rem 0}button{font:inherit;padding:.6rem 1rem;width:100%}input{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.25rem 0}</style>
</head><body><main><h1>The local pool</h1><p>This page stands in for the managed login of Cognito, and asks for no password.</p>
${wrong === undefined ? "" : `<p role="alert">${quoted(wrong)}</p>`}${buttons}${other}</main></body></html>`;
  return { status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body };
}
