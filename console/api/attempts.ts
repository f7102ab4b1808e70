/**
 * Registrations that were sent from this tab. Each has its idempotency key from before it is sent until its outcome is
 * known, however long that takes, and whether the page is loaded anew meanwhile: so a lost connection can be asked about,
 * and is never a second registration.
 */
import { session } from "../session/session.ts";
import { makeStore } from "../session/store.ts";
import { call, get, type Heard } from "./call.ts";
import type { Operation, Problem } from "./wire.ts";

export interface NewUser {
  readonly email: string;
  readonly name?: string;
  readonly organisation?: string;
  readonly roles: ReadonlyArray<string>;
}

/**
 * `sending`: on its way. `silent`: no answer came. `tracked`: the ledger has it open. `registered`, `rolled back`,
 * `refused`: its outcome is known.
 */
export type Outcome =
  | { readonly is: "sending" }
  | { readonly is: "silent"; readonly problem?: Problem }
  | { readonly is: "tracked"; readonly operationId: string; readonly operation?: Operation }
  | { readonly is: "registered"; readonly userId: string }
  | { readonly is: "rolled back"; readonly problem?: Problem }
  | { readonly is: "refused"; readonly problem?: Problem };

export interface Attempt {
  readonly key: string;
  readonly caller: string;
  readonly user: NewUser;
  /** How often it was sent. */
  readonly sent: number;
  readonly outcome: Outcome;
}

export const isKnown = ({ outcome: { is } }: Attempt): boolean =>
  is === "registered" || is === "rolled back" || is === "refused";

const KEPT = "registrar.unknown-outcomes";

/** What is not known yet is kept beside the page; what was on its way when the page went is silent now. */
const restore = (): ReadonlyArray<Attempt> => {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]") as ReadonlyArray<Attempt>;
  return kept.map((one) => (one.outcome.is === "sending" ? { ...one, outcome: { is: "silent" } } : one));
};

const attempts = makeStore<ReadonlyArray<Attempt>>(restore());

function change(all: ReadonlyArray<Attempt>): void {
  const unknown = all.filter((one) => !isKnown(one));
  if (unknown.length === 0) sessionStorage.removeItem(KEPT);
  else sessionStorage.setItem(KEPT, JSON.stringify(unknown));
  attempts.set(all);
}

const find = (key: string) => attempts.get().find((one) => one.key === key);

const patch = (key: string, changed: Partial<Attempt>) =>
  change(attempts.get().map((one) => (one.key === key ? { ...one, ...changed } : one)));

const own = ({ caller }: Attempt) => caller === session.get()?.sub;

/** Those of whoever is signed in, for a component. */
export const useAttempts = (): ReadonlyArray<Attempt> => attempts.use().filter(own);
export const unknownAttempts = (): ReadonlyArray<Attempt> =>
  attempts.get().filter((one) => own(one) && !isKnown(one));

/** Why somebody must not be sent again: nobody knows yet what became of them. Undefined where that is known of all. */
export function doubtOf(users: ReadonlyArray<{ readonly email: string }>): string | undefined {
  const sent = unknownAttempts().map(({ user }) => user.email.toLowerCase());
  const again = users.find(({ email }) => sent.includes(email.toLowerCase()));
  return again && `${again.email} was sent already. Find out first what became of that.`;
}

/** Registers a user; resolves once an answer came, or none. */
export async function register(user: NewUser): Promise<Attempt> {
  const attempt: Attempt = {
    key: crypto.randomUUID(),
    caller: session.get()?.sub ?? "",
    user,
    sent: 0,
    outcome: { is: "sending" },
  };
  change([...attempts.get(), attempt]);
  return send(attempt);
}

async function send(attempt: Attempt): Promise<Attempt> {
  const sent = attempt.sent + 1;
  patch(attempt.key, { sent, outcome: { is: "sending" } });
  const heard = await call<{ readonly userId: string }>("POST", "/api/step/users", {
    body: attempt.user,
    headers: { "idempotency-key": `"${attempt.key}"` },
  });
  patch(attempt.key, { outcome: outcomeOf(heard, sent) });
  return find(attempt.key) ?? attempt;
}

function outcomeOf(heard: Heard<{ readonly userId: string }>, sent: number): Outcome {
  if (heard.is === "silence") return { is: "silent" };
  if (heard.is === "answer") return { is: "registered", userId: heard.body.userId };
  const { problem } = heard;
  const { outcome, operationId, code } = problem;
  // Asked about, an own registration that is still open is refused as one in progress.
  const open = outcome === "tracked" || (code === "registration_in_progress" && sent > 1);
  if (open && operationId !== undefined) return { is: "tracked", operationId };
  if (open || outcome === "unknown") return { is: "silent", problem };
  return { is: outcome === "rolled_back" ? "rolled back" : "refused", problem };
}

/**
 * Asks what became of an attempt. One that the ledger tracks is read; of one that was lost the same request is sent with the
 * same key, which the service answers from its ledger where it has it, and carries out where it never came.
 */
export async function askAbout(key: string): Promise<Attempt | undefined> {
  const attempt = find(key);
  if (attempt === undefined || attempt.outcome.is === "sending") return attempt;
  if (attempt.outcome.is !== "tracked") return send(attempt);
  const { operationId } = attempt.outcome;
  const heard = await get<Operation>(`/api/operations/${operationId}`);
  if (heard.is === "answer") patch(key, { outcome: outcomeIn(heard.body) });
  return find(key);
}

function outcomeIn(operation: Operation): Outcome {
  const { state, userId, operationId } = operation;
  if (state === "rolled_back") return { is: "rolled back" };
  if (state === "rejected" || state === "user_lost") return { is: "refused" };
  return (state === "completed" || state === "registered") && userId !== null
    ? { is: "registered", userId }
    : { is: "tracked", operationId, operation };
}

/** Takes what is known off the screen; with a key that one alone. What is unknown stays. */
export const dismiss = (key?: string): void =>
  change(attempts.get().filter((one) => !isKnown(one) || (key !== undefined && one.key !== key)));

/** At sign-out: whoever comes next sees nobody's address. The ledger keeps what it has. */
export const forgetAttempts = (): void => change([]);
