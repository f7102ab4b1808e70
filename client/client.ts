/**
 * A client of Registrar for a page in a browser: typed by the OpenAPI document, so that a path, a field or a code that the
 * API does not have does not compile. Copy client.ts and api.ts; they need nothing else.
 */
import type { components, paths } from "./api.ts";

/** What every refusal is. Its `code` is one of those that the document has. */
export type Problem = components["schemas"]["Problem"];

/** What a registration is asked for with. Roles of one trust are FLIP's to grant: the two fields are null, or left out. */
export type Registration = Omit<components["schemas"]["RegistrationBody"], "trustId" | "trust_id">;

/** What is known after a request: it was done, it was refused and is certain, or nobody knows yet. */
export type Outcome =
  /** The user is registered. `again`: the answer was stored by an earlier try with the same key. */
  | { readonly is: "registered"; readonly userId: string; readonly again: boolean }
  /** Nothing of it exists. `changed`: the same request will not succeed; correct it, and take a new key. */
  | { readonly is: "refused"; readonly problem: Problem; readonly changed: boolean }
  /** An operation is open, and the sweeper resolves it. Show its state; do not offer a new try. */
  | { readonly is: "tracked"; readonly problem: Problem }
  /** No answer came, or one that says that nothing is certain. Only a try with the same key is safe. */
  | { readonly is: "doubt"; readonly problem?: Problem; readonly afterSeconds: number }
  /** Whoever asks has to sign in again. The key stays good. */
  | { readonly is: "signedOut"; readonly problem: Problem };

/** How long to wait where nobody has said how long. */
const PATIENCE_SECONDS = 5;

/** Reads what a problem leaves certain. Every outcome that the document has is here, or this does not compile. */
const outcomeOf = (problem: Problem, response: Response): Outcome => {
  if (response.status === 401) return { is: "signedOut", problem };
  const afterSeconds = Number(response.headers.get("Retry-After") ?? PATIENCE_SECONDS);
  switch (problem.outcome) {
    case "nothing_created":
    case "rolled_back":
    case "partly_done":
      return { is: "refused", problem, changed: !problem.retryable };
    case "tracked":
      return { is: "tracked", problem };
    case "unknown":
      return { is: "doubt", problem, afterSeconds };
    default:
      return problem.outcome satisfies never;
  }
};

/** What a request is answered with where it is not refused. A path, a method or a status that is not there has none. */
type Answer<P extends keyof paths, M extends keyof paths[P], S extends number> = paths[P][M] extends {
  responses: Record<S, { content: { "application/json": infer A } }>;
}
  ? A
  : never;

type Sent<A> = { readonly answer: A } | { readonly problem: Problem };

/** A client that sends the token of whoever has signed in. `token` is asked for each request, and kept nowhere. */
export const makeRegistrar = (origin: string, token: () => string) => {
  const send = async <A>(path: string, init: RequestInit = {}): Promise<Sent<A> & { response: Response }> => {
    const headers = { ...init.headers, Authorization: `Bearer ${token()}` };
    const response = await fetch(`${origin}${path}`, { ...init, headers });
    const body = await response.json();
    return response.ok ? { answer: body as A, response } : { problem: body as Problem, response };
  };

  return {
    /**
     * Registers a user. `key`: one for each registration that somebody has decided on, made before the first try, and kept
     * until its outcome is known, over reloads as well: with it the request may be sent as often as one likes.
     */
    register: async (body: Registration, key: string): Promise<Outcome> => {
      try {
        const sent = await send<Answer<"/api/users", "post", 200>>("/api/users", {
          method: "POST",
          headers: { "Content-Type": "application/json", "Idempotency-Key": `"${key}"` },
          body: JSON.stringify(body),
        });
        if ("problem" in sent) return outcomeOf(sent.problem, sent.response);
        const again = sent.response.headers.get("Idempotency-Replayed") === "true";
        return { is: "registered", userId: sent.answer.userId, again };
      } catch {
        // The connection broke, or the answer was none of ours: it may have been done all the same.
        return { is: "doubt", afterSeconds: PATIENCE_SECONDS };
      }
    },

    /** How far a tracked operation is. */
    operation: (operationId: string) =>
      send<Answer<"/api/operations/{operation_id}", "get", 200>>(`/api/operations/${operationId}`),
  };
};
