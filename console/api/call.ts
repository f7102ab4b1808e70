/**
 * One request to the API. What it comes to is one of three, and the third is no failure: where no answer came, or one that
 * is not the service's own, nobody knows whether the request was carried out.
 */
import { renewed, token } from "../session/session.ts";
import type { Problem } from "./wire.ts";

export type Heard<T> =
  | { readonly is: "answer"; readonly body: T; readonly headers: Headers }
  | { readonly is: "problem"; readonly problem: Problem }
  | { readonly is: "silence" };

export interface Asked {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long an answer is waited for, in milliseconds: longer than any budget of the service, 28 s. */
const PATIENCE_MS = 45_000;

const isOwn = (type: string) => /^application\/(problem\+)?json|^text\/csv|openmetrics/.test(type);

/** Sends a request as it is. Whoever is refused for an old token signs in anew, and the request is sent once more. */
export async function ask(
  method: string,
  path: string,
  { body, headers }: Asked,
): Promise<Response | undefined> {
  for (let again = false; ; again = true) {
    const answer = await fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${token()}`,
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch(() => undefined);
    // 401 is certain: nothing of the request was done. So it may wait for the token, and go out again.
    if (answer?.status !== 401 || again) return answer;
    await renewed();
  }
}

export async function call<T>(method: string, path: string, asked: Asked = {}): Promise<Heard<T>> {
  const answer = await ask(method, path, asked);
  const type = answer?.headers.get("content-type") ?? "";
  if (answer === undefined || !isOwn(type)) return { is: "silence" };
  try {
    if (type.includes("problem")) return { is: "problem", problem: (await answer.json()) as Problem };
    const read = type.includes("json") ? answer.json() : answer.text();
    return { is: "answer", body: (await read) as T, headers: answer.headers };
  } catch {
    return { is: "silence" };
  }
}

/** An answer that is made here, of several. */
export const answered = <T>(body: T): Heard<T> => ({ is: "answer", body, headers: new Headers() });

export const get = <T>(path: string): Promise<Heard<T>> => call<T>("GET", path);

/** A path with a query; what is empty is left out. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
