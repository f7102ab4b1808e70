/**
 * The failure matrix of a user's life, as data: each operation with the remote calls it makes in turn, each way in which
 * a call can fail, what the caller hears then, and whether what he asked for holds in the end.
 */
import type { Fault, Target } from "../../dev/faults.ts";
import { roles } from "../../dev/seed.ts";
import type { Stack } from "../../dev/stack.ts";
import type { Fixture } from "./fixture.ts";
import { ask, tokenOf } from "./life.ts";
import { grantsOf } from "./life-story.ts";

/** `look`: only reads. `open`: writes the change down. `act`: carries it out. `finish`: notes that it is done. */
export type Part = "look" | "open" | "act" | "finish" | "commit";

export interface RemoteCall {
  readonly part: Part;
  readonly target: Target;
  readonly match: string;
}

export interface Operation {
  readonly name: string;
  readonly what: string;
  readonly body?: unknown;
  readonly success: number;
  /** What the trail says of it; at most one such row is written. */
  readonly action: string;
  readonly calls: ReadonlyArray<RemoteCall>;
  /** Whether what was asked for holds. */
  readonly holds: (fixture: Fixture, id: string) => Promise<boolean>;
}

export const newcomer = "new.user@flip.example";
export const person = "person@flip.example";

const look: RemoteCall = { part: "look", target: "cognito", match: "=AdminGetUser" };
const open: RemoteCall = { part: "open", target: "database", match: "/* changes.open */" };
const finish: RemoteCall = { part: "finish", target: "database", match: "/* changes.finish */" };
const act = (match: string): RemoteCall => ({ part: "act", target: "cognito", match });
const change = (...acts: string[]) => [look, open, ...acts.map(act), finish];
const enabledIs =
  (wanted: boolean): Operation["holds"] =>
  async ({ stack }, id) =>
    stack.cognito.getUser(id)?.enabled === wanted;

export const operations: ReadonlyArray<Operation> = [
  {
    ...{ name: "delete", what: "DELETE /api/users/{id}", success: 200, action: "Deleted user" },
    calls: [open, act("AdminDeleteUser"), finish],
    holds: async ({ stack }, id) =>
      stack.cognito.getUser(id) === undefined && (await grantsOf(stack, id)).length === 0,
  },
  {
    ...{ name: "disable", what: "PUT /api/users/{id}", body: { disabled: true }, success: 200 },
    ...{ action: "Disabled user", calls: change("AdminDisableUser"), holds: enabledIs(false) },
  },
  {
    ...{ name: "enable", what: "PUT /api/users/{id}", body: { disabled: false }, success: 200 },
    ...{ action: "Enabled user", calls: change("AdminEnableUser"), holds: enabledIs(true) },
  },
  {
    ...{ name: "reset MFA", what: "POST /api/users/{id}/mfa/reset", success: 200, action: "Reset user MFA" },
    calls: change("AdminSetUserMFAPreference", "AdminUserGlobalSignOut"),
    holds: async (fixture, id) => {
      const token = tokenOf(fixture.stack, id);
      return (await ask(fixture, "GET /api/users/me/mfa/status", { token })).json.enabled === false;
    },
  },
  {
    ...{ name: "invite", what: "POST /api/users/{id}/invitation", success: 200, action: "Invited user" },
    calls: change("RESEND"),
    holds: async ({ stack }) => stack.mails(person).length > 0,
  },
  {
    ...{ name: "set roles", what: "POST /api/users/{id}/roles", body: { roles: [roles.researcher] } },
    ...{ success: 200, action: "Updated user roles" },
    calls: [look, { part: "open", target: "database", match: "/* access.setRoles */" }],
    holds: async ({ stack }, id) => (await grantsOf(stack, id)).join() === roles.researcher,
  },
  {
    ...{ name: "register with roles", what: "POST /api/step/users", success: 201, action: "Registered user" },
    body: { email: newcomer, roles: [roles.researcher] },
    calls: [{ part: "commit", target: "database", match: "/* ledger.commit */" }],
    holds: async ({ stack }) => {
      const sub = stack.cognito.getUser(newcomer)?.sub;
      return sub !== undefined && (await grantsOf(stack, sub)).join() === roles.researcher;
    },
  },
];

export interface Way {
  readonly name: string;
  /** Whether the call takes effect. */
  readonly lands: boolean;
  readonly fault: ((target: Target) => Partial<Fault>) | "kill";
}

export const ways: ReadonlyArray<Way> = [
  {
    name: "is refused",
    lands: false,
    fault: (target) => ({
      answer: "error",
      code: target === "cognito" ? "InvalidParameterException" : "53300",
    }),
  },
  { name: "is lost: reset", lands: false, fault: () => ({ answer: "reset" }) },
  { name: "is lost: 500", lands: false, fault: () => ({ answer: "500" }) },
  { name: "is lost: hang", lands: false, fault: () => ({ answer: "hang" }) },
  { name: "is lost: garbage", lands: false, fault: () => ({ answer: "garbage" }) },
  { name: "lands, its answer is reset", lands: true, fault: () => ({ effect: "applied", answer: "reset" }) },
  { name: "lands, its answer hangs", lands: true, fault: () => ({ effect: "applied", answer: "hang" }) },
  { name: "lands, and the isolate is killed", lands: true, fault: "kill" },
];

/** What the caller hears: the status; undefined where nobody is left to answer. */
export function heard(
  { success }: Operation,
  { part }: RemoteCall,
  { lands, fault }: Way,
): number | undefined {
  // What is noted behind the answer cannot change it; a kill there may come before or after it has left.
  if (part === "finish") return success;
  if (fault === "kill") return undefined;
  if (part === "look" || part === "open") return 503;
  return part === "commit" && lands ? success : 500;
}

/** Whether it holds after the sweeping: what was written down is carried out. */
export const holdsInTheEnd = ({ part }: RemoteCall, { lands }: Way): boolean =>
  part === "finish" || part === "act" || (lands && part !== "look");

/** Makes the call fail this way from now on. */
export function arm({ stack, worker }: Fixture, { target, match }: RemoteCall, { fault }: Way): void {
  if (fault !== "kill") {
    stack.faults.set([{ target, match, ...fault(target) }]);
    return;
  }
  stack.faults.after(
    target,
    (operation, text) => matches(match, operation, text),
    () => worker.kill(),
    {
      once: true,
    },
  );
}

const matches = (match: string, operation: string, text: string) =>
  match.startsWith("=") ? operation === match.slice(1) : text.includes(match);

/** One person with a second factor and a role, as the operation needs him. */
export async function prepare(stack: Stack, { name }: Operation): Promise<string> {
  const id = await stack.cognito.createUser(person);
  await stack.cognito.setTotp(id, true);
  if (name === "enable") await stack.cognito.setEnabled(id, false);
  await stack.query("insert into user_role (user_id, role_id) values ($1, $2)", [id, roles.observer]);
  return id;
}
