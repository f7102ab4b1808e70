/**
 * The matrix's cells about who asks, about whom, and when it lands: callers whose authority has ended, users who are gone
 * from the pool and left in the grants, users of another identity provider, and calls that take effect after something that was asked for later.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../dev/faults.ts";
import { roles } from "../../dev/seed.ts";
import { addAdmin, ask, atTheConsole } from "../support/life.ts";
import { auditOf, contradictions, grantsOf, sweepOut } from "../support/life-story.ts";
import { quiet } from "../support/moments.ts";
import { type Operation, operations, prepare } from "./changes.ts";
import type { Lane, Proof } from "./engine.ts";

/** An empty stack, with somebody whom the operation is about. */
const arrange = async ({ stack }: Lane, operation: Operation): Promise<string> => {
  await quiet(stack);
  await stack.reset();
  return prepare(stack, operation);
};

const begin = (lane: Lane, { what, body }: Pick<Operation, "what" | "body">, id: string, token?: string) =>
  ask(lane, what.replace("{id}", id), { body, ...(token !== undefined && { token }) });

interface Caller {
  readonly name: string;
  /** How their authority has ended, by the stack's administrator. */
  readonly end: Pick<Operation, "what" | "body">;
  readonly heard: number;
}

const callers: ReadonlyArray<Caller> = [
  { name: "disabled", end: { what: "PUT /api/users/{id}", body: { disabled: true } }, heard: 403 },
  { name: "deleted", end: { what: "DELETE /api/users/{id}" }, heard: 401 },
  {
    name: "left without roles",
    end: { what: "POST /api/users/{id}/roles", body: { roles: [] } },
    heard: 403,
  },
];

const byCaller = (operation: Operation, { name, end, heard }: Caller): Proof => ({
  title: `asked by an administrator whom this service has ${name} → ${heard}; nothing done`,
  promised: { ended: 200, heard, holds: false, rows: 0, contradictions: [] },
  perform: async (lane) => {
    const { stack } = lane;
    const id = await arrange(lane, operation);
    const { sub, token } = await addAdmin(stack);
    const { status: ended } = await begin(lane, end, sub);
    const { status } = await begin(lane, operation, id, token);
    await sweepOut(lane);
    const outcome = {
      ended,
      heard: status,
      holds: await operation.holds(lane, id),
      rows: (await auditOf(stack, id)).filter((one) => one === operation.action).length,
      contradictions: await contradictions(stack, { byHand: [id, sub] }),
    };
    return { outcome, missed: 0 };
  },
});

/** Of a user whom somebody has deleted at the console: their grants can be taken, and nothing else is there to change. */
const ofGhost = (operation: Operation): Proof => {
  const isDeletion = operation.name === "delete";
  const heard = isDeletion ? 200 : 404;
  return {
    title: `of a user who is gone from the pool, and has a role → ${heard}; ${isDeletion ? "the role is gone, too" : "nothing done"}`,
    promised: { heard, grants: isDeletion ? [] : [roles.observer], rows: isDeletion ? 1 : 0 },
    perform: async (lane) => {
      const { stack } = lane;
      const id = await arrange(lane, operation);
      await atTheConsole(stack, "AdminDeleteUser", { Username: id });
      const { status } = await begin(lane, operation, id);
      await sweepOut(lane);
      const rows = (await auditOf(stack, id)).filter((one) => one === operation.action).length;
      return { outcome: { heard: status, grants: await grantsOf(stack, id), rows }, missed: 0 };
    },
  };
};

/** What another identity provider keeps: there is no invitation to send, and no second factor to reset. */
const ELSEWHERE: ReadonlySet<string> = new Set(["invite", "reset MFA"]);

/** Of a user who signs in through another identity provider, whose user name is not their id. */
const ofFederated = (operation: Operation): Proof => {
  const isElsewhere = ELSEWHERE.has(operation.name);
  const heard = isElsewhere ? 409 : 200;
  return {
    title: `of a user of another identity provider → ${heard}; ${isElsewhere ? "nothing done" : "done"}`,
    promised: { heard, holds: !isElsewhere, rows: isElsewhere ? 0 : 1 },
    perform: async (lane) => {
      const { stack } = lane;
      await arrange(lane, operation);
      const id = await stack.cognito.createFederated("federated@flip.example");
      if (operation.name === "enable") await stack.cognito.setEnabled(id, false);
      const { status } = await begin(lane, operation, id);
      await sweepOut(lane);
      const rows = (await auditOf(stack, id)).filter((one) => one === operation.action).length;
      const holds = !isElsewhere && (await operation.holds(lane, id));
      return { outcome: { heard: status, holds, rows }, missed: 0 };
    },
  };
};

/** Milliseconds after which a call that was answered by a reset takes effect. */
const LATE_MS = 400;

interface Race {
  readonly operation: string;
  readonly fault: Pick<Fault, "target" | "match">;
  /** What the first caller hears, whose call lands late: nothing certain, or that it is written down. */
  readonly told: string;
  /** What is asked for then, and is done. */
  readonly newer: Pick<Operation, "what" | "body">;
  /** What holds in the end. */
  readonly stands: (lane: Lane, id: string) => Promise<boolean>;
}

const enabledIs =
  (wanted: boolean) =>
  async ({ stack }: Lane, id: string) =>
    stack.cognito.getUser(id)?.enabled === wanted;
const put = (disabled: boolean) => ({ what: "PUT /api/users/{id}", body: { disabled } });

const opening = { target: "database", match: "/* changes.open */" } as const;

const races: ReadonlyArray<Race> = [
  {
    operation: "set roles",
    fault: { target: "database", match: "/* access.setRoles */" },
    told: "unknown",
    newer: { what: "POST /api/users/{id}/roles", body: { roles: [roles.observer] } },
    stands: async ({ stack }, id) => (await grantsOf(stack, id)).join() === roles.observer,
  },
  { operation: "disable", fault: opening, told: "unknown", newer: put(false), stands: enabledIs(true) },
  { operation: "enable", fault: opening, told: "unknown", newer: put(true), stands: enabledIs(false) },
  {
    operation: "disable",
    fault: { target: "cognito", match: "AdminDisableUser" },
    told: "tracked",
    newer: put(false),
    // A final check never gives: the user stays disabled, and a person is called.
    stands: async ({ stack }) =>
      (await stack.query("select from registrar.operation where kind = 'enable' and needs_operator"))
        .length === 1,
  },
  {
    operation: "enable",
    fault: { target: "cognito", match: "AdminEnableUser" },
    told: "tracked",
    newer: put(true),
    stands: enabledIs(false),
  },
];

const late = (operation: Operation, { fault, told, newer, stands }: Race): Proof => ({
  title: `${fault.match} lands after the opposite, or other roles, that were asked for later → ${told}; what was asked for last stands, or a person is called`,
  promised: { told, newer: 200, stands: true, contradictions: [] },
  perform: async (lane) => {
    const { stack } = lane;
    const id = await arrange(lane, operation);
    stack.faults.set([{ ...fault, answer: "reset", effect: "applied", late: LATE_MS, times: 2 }]);
    const first = await begin(lane, operation, id);
    const { status } = await begin(lane, newer, id);
    await sleep(LATE_MS);
    await quiet(stack);
    stack.faults.clear();
    await sweepOut(lane);
    const outcome = {
      told: first.json.outcome,
      newer: status,
      stands: await stands(lane, id),
      contradictions: await contradictions(stack, { byHand: [id], roles: new Map() }).then((wrong) =>
        wrong.filter((one) => !one.startsWith("the grants") && !one.startsWith("in the pool, and disabled")),
      ),
    };
    return { outcome, missed: 0 };
  },
});

/** Every cell, by operation. */
export const standingProofs = operations.map((operation) => ({
  name: operation.name,
  proofs: [
    ...callers.map((caller) => byCaller(operation, caller)),
    ...(operation.what.includes("{id}") ? [ofGhost(operation), ofFederated(operation)] : []),
    ...races.filter((race) => race.operation === operation.name).map((race) => late(operation, race)),
  ],
}));
