/** The Worker with Hyperdrive, in workerd: a registration whose database is reached over sockets ends as with Neon. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../../dev/stack.ts";
import { expectDiscreet, patient } from "../../support/fixture.ts";
import { eventually, hold, quiet, releaseAll } from "../../support/moments.ts";
import { expectNothingOf, expectRegistered } from "../../support/stores.ts";
import { startWorker, type Worker } from "../../support/worker.ts";

const email = "new.user@flip.example";

let stack: Stack;
let worker: Worker;
beforeAll(async () => {
  stack = await startStack();
  worker = await startWorker(stack, patient, {}, "hyperdrive");
});
afterAll(async () => {
  await worker.stop();
  await stack.stop();
});
beforeEach(async () => {
  await quiet(stack);
  await stack.reset();
});
afterEach(() => {
  releaseAll();
  expectDiscreet({ stack, worker });
});

const callsBeforeTheAnswer = () =>
  stack.faults
    .calls()
    .map(({ operation }) => operation)
    .filter((operation) => /^(ledger\.(open|commit)|AdminCreateUser)$/.test(operation))
    .slice(0, 3);

const states = async () =>
  (await stack.query<{ state: string }>("select state from registrar.operation")).map(({ state }) => state);

describe("a registration by the Worker with Hyperdrive", () => {
  it("ends as registered, after three calls in sequence", async () => {
    const answer = await worker.register({ email, roles: [] });
    expect(answer.status).toBe(200);
    await expectRegistered(stack, email);
    expect(callsBeforeTheAnswer()).toEqual(["ledger.open", "AdminCreateUser", "ledger.commit"]);
  });

  it("whose commit is refused leaves nothing behind", async () => {
    stack.faults.set([{ target: "database", match: "ledger.commit", answer: "error", code: "23514" }]);
    expect((await worker.register({ email, roles: [] })).status).toBe(500);
    await expectNothingOf(stack, email);
  });

  it("whose commit took effect, and whose answer was lost, is registered", async () => {
    const fault = { effect: "applied", answer: "reset", times: 1 } as const;
    stack.faults.set([{ target: "database", match: "ledger.commit", ...fault }]);
    expect((await worker.register({ email, roles: [] })).status).toBe(200);
    await expectRegistered(stack, email);
  });

  it("is finished where its client goes away", async () => {
    const commit = hold(stack, "database", "=ledger.commit");
    const exchange = worker.begin({ email, roles: [] });
    exchange.answer.catch(() => {});
    await commit.reached;
    exchange.reset();
    commit.release();
    await eventually("the registration's end", async () => (await states()).includes("completed"));
    await expectRegistered(stack, email);
  });

  it("is taken up by the sweeper where the isolate was killed", async () => {
    const commit = hold(stack, "database", "=ledger.commit");
    const exchange = worker.begin({ email, roles: [] });
    exchange.answer.catch(() => {});
    await commit.reached;
    await worker.kill();
    commit.release();
    await stack.faults.settled();
    await stack.age(3600);
    await worker.sweep();
    await expectNothingOf(stack, email);
  });
});
