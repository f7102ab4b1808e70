/**
 * Does one cell of a registration for real: arranges, lets the call be hit, lifts every fault, sweeps until nothing is
 * due, and says what came of it. It never sleeps through a horizon: the ledger is made older instead.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Fault } from "../../dev/faults.ts";
import type { Answer } from "../support/http.ts";
import { eventually, idleFor, quiet } from "../support/moments.ts";
import { disagreements, look, registrationsFor } from "../support/stores.ts";
import type { Arrangement, Cell, Closer, End, Heard } from "./cell.ts";
import { strike } from "./cell.ts";
import type { Lane, Proof } from "./engine.ts";
import { calls } from "./requests.ts";

/** What came of a cell. `missed`: faults and deeds that met no call. `again`: the status of one more request for the address, where nobody has it. */
export interface Outcome {
  readonly heard: Heard;
  readonly end: End | string;
  readonly by: Closer;
  readonly mails: number;
  readonly open: number;
  readonly missed: number;
  readonly again?: number;
}

const email = "new.user@flip.example";
const body = { email, roles: [] };
const budget = 30;
const horizon = 1400;

/** A cell, as the engine proves it. */
export const proofOf = (cell: Cell): Proof => {
  const [heard, end, by, mails = end === "registered" ? 1 : 0] = cell.promised;
  const promised = {
    heard: heard === "any" ? expect.stringMatching(/^200$|^none$/) : heard,
    end,
    by,
    mails,
    open: 0,
    ...(end === "nothing" && { again: 200 }),
  };
  return {
    title: `${cell.title} → ${end}, closed by ${by}`,
    promised,
    perform: async (lane) => {
      const { missed, ...outcome } = await perform(lane, cell);
      return { outcome, missed };
    },
  };
};

async function perform(lane: Lane, cell: Cell): Promise<Outcome> {
  const { stack, worker } = lane;
  await stack.reset();
  const arranged = await arrange(lane, cell.arrangement);
  stack.faults.set(cell.faults);
  const { heard, struck } = await main(lane, cell);
  await quiet(stack, 0);
  const missed = stack.faults.list().length + (struck ? 0 : 1);
  stack.faults.clear();
  stack.faults.set(cell.sweeping ?? []);
  await sweepUntilNothingIsDue(lane);

  const view = await look(stack);
  const registrations = registrationsFor(view, email);
  const users = view.users.filter((user) => user.email === email);
  const foreign = users.filter(({ attributes }) => attributes["custom:registration_id"] === undefined);
  const wrong = disagreements(
    view,
    foreign.map(({ sub }) => sub),
  );
  const found: End = users.length === 0 ? "nothing" : foreign.length > 0 ? "foreign user" : "registered";
  const end = wrong.length > 0 ? wrong.join("; ") : found;
  const taken = cell.arrangement === "a registration left its user, and is stale";
  const closer = (taken ? registrations[0] : registrations.at(-1))?.history.at(-1)?.by;
  const outcome = {
    heard: cell.phase === "sweep" ? nameOf(arranged) : heard,
    end,
    by: (closer === "request" && taken ? "takeover" : (closer ?? "nobody")) as Closer,
    mails: stack.mails(email).length,
    open: registrations.filter(({ due_at }) => due_at !== null).length,
    missed: missed + stack.faults.list().length,
  };
  if (end !== "nothing") return outcome;
  const again = await worker.register(body);
  if (again.status === 200) await workerIsDone(lane, registrations.length, worker.logs().length);
  return { ...outcome, again: again.status };
}

/** The request or the sweep that makes the call, and the kill or the reset in the middle of it. */
async function main(lane: Lane, { phase, deed }: Cell): Promise<{ heard: Heard; struck: boolean }> {
  const { stack, worker } = lane;
  let leave = () => {};
  let died: Promise<void> | undefined;
  let struck = deed === undefined;
  if (deed !== undefined) {
    const act = async () => {
      struck = true;
      if (deed.what === "kill") died = worker.kill();
      else if (deed.what === "intrude") await stack.cognito.createUser(email);
      else leave();
      // A reset takes a moment to be noticed; a kill is over when a fresh isolate answers.
      await (died ?? new Promise((done) => setTimeout(done, 40)));
    };
    stack.faults[deed.when](deed.target, deed.match, act, { once: true });
  }
  if (phase === "sweep") {
    await worker.sweep().catch(() => undefined);
    await died;
    return { heard: "none", struck };
  }
  const { registrations } = await look(stack);
  const lines = worker.logs().length;
  const request = worker.begin(body);
  leave = request.reset;
  const answer = await request.answer.catch(() => undefined);
  await died;
  const isOver = died !== undefined || (answer !== undefined && answer.status !== 200);
  if (!isOver) await workerIsDone(lane, registrations.length, lines);
  return { heard: nameOf(answer), struck };
}

/** The Worker has closed its registration (the first after so many), or has said that it will not, or falls silent. */
async function workerIsDone({ stack, worker }: Lane, registrationsBefore: number, linesBefore: number) {
  const gaveUp = () =>
    worker
      .logs()
      .slice(linesBefore)
      .some(({ message }) => message === "left to the sweeper" || message === "request failed");
  while (!gaveUp() && idleFor(stack) < 1000) {
    const { registrations } = await look(stack);
    if (registrations.length > registrationsBefore && registrations.at(-1)?.due_at === null) return;
    await sleep(5);
  }
  await quiet(stack, 0);
}

async function arrange(lane: Lane, arrangement: Arrangement): Promise<Answer | undefined> {
  const { stack, worker } = lane;
  const registration = async (...faults: Fault[]) => {
    stack.faults.set(faults);
    const answer = await worker.register(body);
    await eventually("all of the arrangement's faults", () => stack.faults.list().length === 0);
    await quiet(stack);
    stack.faults.clear();
    return answer;
  };
  const never = { answer: "reset", effect: "none" } as const;
  const leaveUser = async () => {
    const lost = strike(calls.create, { answer: "reset", effect: "applied" });
    const answer = await registration(lost, strike(calls.get, never, 2));
    await stack.age(budget);
    return answer;
  };
  const leaveUninvited = async () => {
    const answer = await registration(strike(calls.acknowledge, never));
    await stack.age(horizon);
    return answer;
  };
  const landLate = async () => {
    const answer = await registration(strike(calls.create, never));
    await stack.age(budget);
    await worker.sweep();
    await stack.cognito.createUser(email, { "custom:registration_id": answer.json.operationId });
    return answer;
  };

  switch (arrangement) {
    case "nothing":
      return undefined;
    case "a foreign user has the address":
      await stack.cognito.createUser(email);
      return undefined;
    case "a registration left its user, and another's key is old":
      await stack.query(
        `insert into registrar.operation (id, kind, caller, email, roles, idempotency_key, state, started_at, closed_at)
         values (gen_random_uuid(), 'register', $1, 'old@flip.example', '{}', 'old', 'rolled_back',
           now() - interval '2 years', now() - interval '2 years')`,
        [stack.adminSub],
      );
      return leaveUser();
    case "a registration left its user":
    case "a registration left its user, and is stale":
      return leaveUser();
    case "registered, not invited, its request gone":
      return leaveUninvited();
    case "registered, then removed by hand":
    case "registered, removed, and missed once": {
      const answer = await leaveUninvited();
      await stack.cognito.deleteUser(answer.json.userId);
      if (arrangement === "registered, then removed by hand") return answer;
      await worker.sweep();
      await stack.age(horizon);
      return answer;
    }
    case "rolled back, then the create landed late":
      return landLate();
    case "rolled back, the create landed late, the grace period is over": {
      const answer = await landLate();
      await stack.age(2 * horizon);
      return answer;
    }
  }
}

/** Sweeps, an hour later each time, until the ledger has nothing left to do. */
export async function sweepUntilNothingIsDue({ stack, worker }: Lane): Promise<number> {
  for (let sweeps = 0; sweeps < 10; sweeps++) {
    const due = await stack.query("select 1 from registrar.operation where due_at is not null limit 1");
    if (due.length === 0) return sweeps;
    await stack.age(4000);
    await worker.sweep();
  }
  return 10;
}

const names: Record<string, Heard> = {
  cleanup_required: "tracked",
  registration_rolled_back: "try again",
  create_refused: "refused",
  user_exists: "exists",
};

function nameOf(answer: Answer | undefined): Heard {
  if (answer === undefined) return "none";
  return names[answer.json?.code] ?? (String(answer.status) as Heard);
}
