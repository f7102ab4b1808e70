/**
 * The matrix's cells for what is done to users who exist, and for a registration with roles: each operation with the
 * remote calls it makes in turn, each kind of fault at a call, what the caller hears then, and whether what was asked
 * for holds in the end.
 */
import { expect } from "vitest";
import type { Target } from "../../dev/faults.ts";
import { roles } from "../../dev/seed.ts";
import type { Stack } from "../../dev/stack.ts";
import type { Outcome } from "../../src/http/problem.ts";
import type { Fixture } from "../support/fixture.ts";
import { ask, tokenOf } from "../support/life.ts";
import { auditOf, contradictions, grantsOf, sweepOut, watchRoles } from "../support/life-story.ts";
import { quiet } from "../support/moments.ts";
import { type Kind, kinds, strike } from "./cell.ts";
import type { Lane, Proof } from "./engine.ts";

/** `check`: asks whether the caller may. `look`: only reads. `open`: writes the change down. `name`: finds the user name. `act`: carries it out. `factor`: takes one of several factors away, if Cognito does not refuse. `finish`: notes that it is done. */
type Part = "check" | "look" | "open" | "name" | "act" | "factor" | "finish" | "commit";

interface RemoteCall {
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

const newcomer = "new.user@flip.example";
const person = "person@flip.example";

const check: RemoteCall = { part: "check", target: "database", match: "/* access.mayManageUsers */" };
const look: RemoteCall = { part: "look", target: "cognito", match: "=AdminGetUser" };
const open: RemoteCall = { part: "open", target: "database", match: "/* changes.open */" };
const finish: RemoteCall = { part: "finish", target: "database", match: "/* changes.finish */" };
const act = (match: string): RemoteCall => ({ part: "act", target: "cognito", match });
const name: RemoteCall = { ...look, part: "name" };
const factor = (match: string): RemoteCall => ({ part: "factor", target: "cognito", match });
const change = (...acts: string[]) => [check, look, open, ...acts.map(act), finish];
const enabledIs =
  (wanted: boolean): Operation["holds"] =>
  async ({ stack }, id) =>
    stack.cognito.getUser(id)?.enabled === wanted;

export const operations: ReadonlyArray<Operation> = [
  {
    name: "delete",
    what: "DELETE /api/users/{id}",
    success: 200,
    action: "Deleted user",
    calls: [check, open, name, act("AdminDeleteUser"), finish],
    holds: async ({ stack }, id) =>
      stack.cognito.getUser(id) === undefined && (await grantsOf(stack, id)).length === 0,
  },
  {
    name: "disable",
    what: "PUT /api/users/{id}",
    body: { disabled: true },
    success: 200,
    action: "Disabled user",
    calls: change("AdminDisableUser"),
    holds: enabledIs(false),
  },
  {
    name: "enable",
    what: "PUT /api/users/{id}",
    body: { disabled: false },
    success: 200,
    action: "Enabled user",
    calls: change("AdminEnableUser"),
    holds: enabledIs(true),
  },
  {
    name: "reset MFA",
    what: "POST /api/users/{id}/mfa/reset",
    success: 200,
    action: "Reset user MFA",
    calls: [
      check,
      look,
      open,
      factor("AdminSetUserMFAPreference"),
      factor("AdminDeleteSoftwareToken"),
      act("AdminUserGlobalSignOut"),
      finish,
    ],
    holds: async (fixture, id) => {
      const token = tokenOf(fixture.stack, id);
      return (await ask(fixture, "GET /api/users/me/mfa/status", { token })).json.enabled === false;
    },
  },
  {
    name: "invite",
    what: "POST /api/users/{id}/invitation",
    success: 200,
    action: "Invited user",
    calls: change("RESEND"),
    holds: async ({ stack }) => stack.mails(person).length > 0,
  },
  {
    name: "set roles",
    what: "POST /api/users/{id}/roles",
    body: { roles: [roles.researcher] },
    success: 200,
    action: "Updated user roles",
    calls: [check, look, { part: "open", target: "database", match: "/* access.setRoles */" }],
    holds: async ({ stack }, id) => (await grantsOf(stack, id)).join() === roles.researcher,
  },
  {
    name: "register with roles",
    what: "POST /api/step/users",
    success: 201,
    action: "Registered user",
    body: { email: newcomer, roles: [roles.researcher] },
    calls: [{ part: "commit", target: "database", match: "/* ledger.commit */" }],
    holds: async ({ stack }) => {
      const sub = stack.cognito.getUser(newcomer)?.sub;
      return sub !== undefined && (await grantsOf(stack, sub)).join() === roles.researcher;
    },
  },
];

/** The kinds of fault that are done to each call, by their names in cell.ts. */
const done = [
  "refused",
  ...["reset", "500", "hang", "garbage"].map((answer) => `${answer} before it took effect`),
  ...["reset", "hang"].map((answer) => `${answer} after it took effect`),
  "isolate killed, call done",
];

interface Way {
  readonly name: string;
  readonly kind: Kind;
  /** Whether the call takes effect. */
  readonly lands: boolean;
}

const ways: ReadonlyArray<Way> = done.map((name) => {
  const kind = kinds[name];
  if (kind === undefined) throw new Error(`cell.ts has no kind of fault named ${name}`);
  return { name, kind, lands: kind.class === "lost after" || kind.class === "killed after" };
});

/** What the caller hears: the status; undefined where nobody is left to answer. */
function heard({ success }: Operation, { part }: RemoteCall, { lands, kind }: Way): number | undefined {
  // What is noted behind the answer cannot change it.
  if (part === "finish") return success;
  if (kind.deed !== undefined) return undefined;
  if ((part === "check" || part === "open") && kind.class === "refused") return 500;
  if (part === "factor" && kind.class === "refused") return success;
  if ((part === "act" || part === "name") && kind.class === "refused") return 409;
  if (part === "check" || part === "look" || part === "open") return 503;
  return part === "commit" && lands ? success : 500;
}

/** Whether it holds after the sweeping: what was written down is carried out, or Cognito has refused it. */
const holdsInTheEnd = (operation: Operation, call: RemoteCall, { lands, kind }: Way): boolean => {
  const { part } = call;
  if (part === "act" && kind.class === "refused") return isLater(operation, call);
  if (part === "name" && kind.class === "refused") return false;
  return CARRIED_OUT.has(part) || (lands && part !== "check" && part !== "look");
};

/** From these on the sweeper goes on. */
const CARRIED_OUT: ReadonlySet<Part> = new Set(["name", "act", "factor", "finish"]);

/** Where a later call of several is refused, an earlier one has been taken. */
const isLater = ({ calls }: Operation, call: RemoteCall) =>
  call !== calls.find(({ part }) => part === "act" || part === "factor");

/** A person with a second factor and a role, as the operation needs them. */
export async function prepare(stack: Stack, { name }: Operation): Promise<string> {
  const id = await stack.cognito.createUser(person);
  await stack.cognito.setTotp(id, true);
  if (name === "enable") await stack.cognito.setEnabled(id, false);
  await stack.grant(id, roles.observer);
  return id;
}

async function perform(lane: Lane, operation: Operation, call: RemoteCall, { kind }: Way) {
  const { stack, worker } = lane;
  await quiet(stack);
  await stack.reset();
  const id = await prepare(stack, operation);
  const named = watchRoles(stack);
  let struck = false;
  let died: Promise<void> | undefined;
  const reached = kind.deed?.when ?? "before";
  stack.faults[reached](call.target, call.match, async () => {
    struck = true;
    if (kind.deed === undefined || died !== undefined) return;
    died = worker.kill();
    await died;
  });
  // As often as the call is tried: a single fault would be mended by the repeat.
  const { times: _, ...always } = strike(call, kind.fault ?? { answer: "reset" });
  if (kind.fault !== undefined) stack.faults.set([always]);

  const sent = ask(lane, operation.what.replace("{id}", id), { body: operation.body });
  const answer = await sent.catch(() => undefined);
  await died;
  await quiet(stack);
  stack.faults.clear();
  await sweepOut(lane);

  const subject = stack.cognito.getUser(newcomer)?.sub ?? id;
  const said = await auditOf(stack, subject);
  const rows = said.filter((one) => one === operation.action).length;
  const mails = stack.mails().map(({ to }) => to);
  const outcome = {
    heard: answer?.status ?? NO_ANSWER,
    told: (answer?.status ?? 0) >= 500 ? answer?.json.outcome : undefined,
    holds: await operation.holds(lane, id),
    rows,
    notDone: said.filter((one) => /done: /.test(one)).length,
    contradictions: await contradictions(stack, { roles: named, byHand: [id] }),
    // A repeat mails again; nothing mails a third time.
    mailsTooMany:
      Math.max(0, mails.filter((to) => to === person).length - (operation.name === "invite" ? 2 : 0)) +
      Math.max(0, mails.filter((to) => to === newcomer).length - 2),
  };
  return { outcome, missed: struck ? 0 : 1 };
}

/** Not undefined: a comparison would take that for a field that is not there. */
const NO_ANSWER = "no answer";

/** What a 500 or a 503 says, by the call that has failed. A refusal to open proves that nothing was written. */
const told = ({ part }: RemoteCall, { kind }: Way): Outcome => {
  if (CARRIED_OUT.has(part)) return "tracked";
  if (part === "commit") return "rolled_back";
  return part === "open" && kind.class !== "refused" ? "unknown" : "nothing_created";
};

const proof = (operation: Operation, call: RemoteCall, way: Way): Proof => {
  const status = heard(operation, call, way);
  const holds = holdsInTheEnd(operation, call, way);
  const isRefused = (call.part === "act" || call.part === "name") && way.kind.class === "refused";
  // A kill behind the answer may come before or after it has left.
  const either = call.part === "finish" && way.kind.deed !== undefined;
  const promised = {
    heard: either ? expect.toBeOneOf([status, NO_ANSWER]) : (status ?? NO_ANSWER),
    told: (status ?? 0) >= 500 ? told(call, way) : undefined,
    holds,
    rows: holds || isRefused ? 1 : 0,
    notDone: isRefused ? 1 : 0,
    contradictions: [],
    mailsTooMany: 0,
  };
  return {
    title: `${call.match}: ${way.name} → ${status ?? "no answer"}; ${holds ? "done" : "nothing done"} in the end, and both stores agree`,
    promised,
    perform: (lane) => perform(lane, operation, call, way),
  };
};

/** Every cell, by operation. */
export const changeProofs = operations.map((operation) => ({
  name: operation.name,
  proofs: operation.calls.flatMap((call) => ways.map((way) => proof(operation, call, way))),
}));
