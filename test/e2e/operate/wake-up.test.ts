/**
 * The sweeper comes when something is due, by the alarm of a Durable Object, without a cron; and asks nothing of the
 * database when nothing is.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { useWorker } from "../../support/fixture.ts";
import { hold, quiet } from "../../support/moments.ts";

// A request is given up after a second; nothing else of these tests takes time.
const fixture = useWorker({ REQUEST_BUDGET_SECONDS: "1", HORIZON_SECONDS: "1200" }, {}, { wakeUps: true });

const PATIENCE_MS = 15_000;

/** The statements and calls since the record was cleared. */
const calls = () => fixture.stack.faults.calls().map(({ operation }) => operation);

const states = async () =>
  (await fixture.stack.query<{ state: string }>("select state from registrar.operation")).map(
    ({ state }) => state,
  );

async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(20))
    if (await holds()) return;
  throw new Error(`${what} did not come`);
}

const isSwept = () => calls().includes("ledger.lease");

describe("the alarm", () => {
  it("asks the database once after a registration, and then never again", async () => {
    const { stack, worker } = fixture;
    expect((await worker.register({ email: "ann@hospital.example", roles: [] })).status).toBe(200);
    await until(isSwept, "the sweep");
    await quiet(stack, 3_000);
    expect(calls().filter((name) => name === "ledger.lease")).toHaveLength(1);
    stack.faults.clearCalls();
    for (let hour = 1; hour <= 24; hour++) {
      await stack.age(3600);
      await worker.sweep();
    }
    await quiet(stack, 3_000);
    expect(calls()).toEqual(Array(24).fill("ledger.lease"));
  });

  it.each([
    ["the ledger has opened the registration", "database", "ledger.open"],
    ["Cognito has the user", "cognito", "AdminCreateUser"],
    ["the user is registered", "database", "ledger.commit"],
  ] as const)("resolves what an isolate has left that was killed when %s", async (_, target, call) => {
    const { stack, worker } = fixture;
    const held = hold(stack, target, call, "after");
    const request = worker.begin({ email: "bob@hospital.example", roles: [] });
    await held.reached;
    await worker.kill();
    held.release();
    await request.answer.catch(() => undefined);
    if (call === "ledger.commit") {
      expect(await states()).toEqual(["registered"]);
      return;
    }
    await until(async () => (await states())[0] === "rolled_back", "the sweep");
    expect(stack.cognito.listUsers().filter(({ email }) => email === "bob@hospital.example")).toEqual([]);
  });
});
