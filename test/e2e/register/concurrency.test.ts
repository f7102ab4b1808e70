/** Many at once, and clients that leave: neither changes what is left in the stores. */
import { describe, expect, it } from "vitest";
import type { Fault, Target } from "../../../dev/faults.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { eventually, quiet } from "../../support/moments.ts";
import { expectNothingOf, expectRegistered, look } from "../../support/stores.ts";

const fixture = useWorker(patient);
const email = "new.user@flip.example";
const body = { email, roles: [] };
const commitRefused: Fault = {
  target: "database",
  match: "=ledger.commit",
  answer: "error",
  code: "23514",
};

describe("concurrent requests", () => {
  it("all get an answer on a cold isolate", async () => {
    const { stack, worker } = fixture;
    await worker.kill();
    const addresses = Array.from({ length: 12 }, (_, n) => `cold${n}@flip.example`);
    const answers = await Promise.all(addresses.map((one) => worker.register({ email: one, roles: [] })));
    expect(answers.map(({ status }) => status)).toEqual(addresses.map(() => 200));
    for (const one of addresses) await expectRegistered(stack, one);
  });

  it("all get an answer on a cold isolate whose first client leaves while the keys are fetched", async () => {
    const { stack, worker } = fixture;
    await worker.kill();
    const first = worker.begin({ email: "first@flip.example", roles: [] });
    stack.faults.before("cognito", "JWKS", () => first.reset(), { once: true });
    await first.answer.catch(() => {});
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, n) => worker.register({ email: `next${n}@flip.example`, roles: [] })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  it("for one address make one user: one 200, and no other answer claims them", async () => {
    const { stack, worker } = fixture;
    const answers = await Promise.all(Array.from({ length: 20 }, () => worker.register(body)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => ![200, 400, 409].includes(status))).toEqual([]);
    const { sub } = await expectRegistered(stack, email);
    expect(answers.find(({ status }) => status === 200)?.json.userId).toBe(sub);
    await quiet(stack);
    expect(stack.mails(email)).toHaveLength(1);
    expect(stack.faults.calls().filter(({ operation }) => operation === "AdminDeleteUser")).toEqual([]);
  });

  it("with one key make one user, and every 200 names them", async () => {
    const { stack, worker } = fixture;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => worker.register(body, { key: "one-key" })),
    );
    const { sub } = await expectRegistered(stack, email);
    const good = answers.filter(({ status }) => status === 200);
    expect(good.filter(({ headers }) => headers["idempotency-replayed"] === undefined)).toHaveLength(1);
    for (const { json } of good) expect(json.userId).toBe(sub);
    for (const { status } of answers) expect([200, 409]).toContain(status);
  });

  it("do not disturb one another when some of them fail", async () => {
    const { stack, worker } = fixture;
    stack.faults.set([{ ...commitRefused, times: 5 }]);
    const addresses = Array.from({ length: 15 }, (_, n) => `many${n}@flip.example`);
    const answers = await Promise.all(addresses.map((one) => worker.register({ email: one, roles: [] })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    for (const [n, { status }] of answers.entries())
      await (status === 200 ? expectRegistered : expectNothingOf)(stack, addresses[n] ?? "");
  });
});

describe("a client that disconnects", () => {
  type Moment = [what: string, Target, match: string, when: "before" | "after"];
  const early: Moment[] = [
    ["while the registration is opened", "database", "=ledger.open", "before"],
    ["when the registration is open", "database", "=ledger.open", "after"],
    ["while the user is created", "cognito", "=AdminCreateUser", "before"],
    ["when the user is created", "cognito", "=AdminCreateUser", "after"],
    ["while the audit row is written", "database", "=ledger.commit", "before"],
  ];
  const late: Moment[] = [["when the audit row is written", "database", "=ledger.commit", "after"]];
  const rollback: Moment[] = [
    ["while the rollback is under way", "cognito", "=AdminDeleteUser", "before"],
    ["when the user is deleted", "cognito", "=AdminDeleteUser", "after"],
  ];

  /** Sends a request, leaves it at this moment, and waits until the Worker has ended the registration. */
  const leave = async ([, target, match, when]: Moment) => {
    const { stack, worker } = fixture;
    const request = worker.begin(body);
    const reset = () => {
      request.reset();
      // workerd needs a moment to notice.
      return new Promise((done) => setTimeout(done, 100));
    };
    stack.faults[when](target, match, reset, { once: true });
    await expect(request.answer).rejects.toThrow();
    await eventually("the end of the registration", async () => {
      const { registrations } = await look(stack);
      return registrations.length === 1 && registrations.every(({ due_at }) => due_at === null);
    });
  };

  for (const moment of [...early, ...late])
    it(`${moment[0]} leaves the same end as one that waits: a registered, invited user`, async () => {
      await leave(moment);
      await expectRegistered(fixture.stack, email);
      expect(fixture.stack.mails(email)).toHaveLength(1);
    });

  for (const moment of [...early, ...rollback])
    it(`${moment[0]} does not stop the rollback of a registration that fails`, async () => {
      fixture.stack.faults.set([commitRefused]);
      await leave(moment);
      await expectNothingOf(fixture.stack, email);
      expect((await look(fixture.stack)).registrations).toMatchObject([{ state: "rolled_back" }]);
    });
});
