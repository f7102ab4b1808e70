/** A row of the ledger that nobody can read is shown, set aside and in nobody's way. */
import { beforeAll, describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
const query = (text: string, values: unknown[] = []) => fixture.stack.query(text, values);

/** What somebody has written by hand, or another version, and the fields that cannot be read then. */
const bad: ReadonlyArray<readonly [string, string, ReadonlyArray<string>]> = [
  ["an address that is none", "email = 'nobody'", ["email"]],
  ["a name with a control character", "name = 'a' || chr(7)", ["name"]],
  ["a history that is no list", "history = '{}'", ["history"]],
  ["a history of something else", "history = '[1]'", ["history"]],
  ["no role in the place of one", "roles = '{null}'", ["roles"]],
  ["a kind that nobody knows", "kind = 'merge'", ["kind"]],
  ["a state that nobody knows", "state = 'lost'", ["state"]],
  ["a count that is used up", "tries = 2147483647, history = '{}'", ["history"]],
  ["no history at all", "history = null", ["history"]],
];

const email = (n: number) => `user-${n}@flip.example`;
const body = (n: number) => ({ email: email(n), roles: [] });

/** Registrations whose requests are gone, and which are due. */
const abandoned = async (count: number): Promise<ReadonlyArray<string>> => {
  const { stack, worker } = fixture;
  stack.faults.set([{ target: "cognito", match: "Admin", answer: "500" }]);
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push((await worker.register(body(n))).json.operationId);
  stack.faults.clear();
  await stack.age(60);
  return ids;
};

beforeAll(async () => {
  // What a table has that another version has made.
  await query("alter table registrar.operation drop constraint operation_is_sound");
  await query("alter table registrar.operation alter column history drop not null");
});

describe("a row with", () => {
  it.each([...bad])(
    "%s neither stops the sweeper nor costs its neighbours a try",
    async (_, set, unreadable) => {
      const [first = "", second = "", third = ""] = await abandoned(3);
      await query(`update registrar.operation set ${set} where id = $1`, [second]);
      const summary = await fixture.worker.sweep();
      expect(summary).toMatchObject({
        leased: 3,
        rolled_back: 2,
        deferred: 0,
        undecodable: 1,
        needOperator: 1,
      });
      for (const id of [first, third]) {
        const { json } = await ask(fixture, `GET /api/operations/${id}`);
        expect([json.state, json.tries, json.lastError]).toEqual(["rolled_back", 0, null]);
      }

      const one = await ask(fixture, `GET /api/operations/${second}`);
      expect(one.status).toBe(200);
      expect(one.json).toMatchObject({
        operationId: second,
        undecodable: true,
        unreadable,
        needsOperator: true,
      });
      expect(one.json.lastError).toBe("undecodable");
      const list = await ask(fixture, "GET /api/operations?needsOperator=true");
      expect(list.json.items).toEqual([one.json]);
      const all = await ask(fixture, "GET /api/operations?limit=2");
      const rest = await ask(fixture, `GET /api/operations?cursor=${encodeURIComponent(all.json.next)}`);
      expect([all.json.items.length, rest.json.items.length]).toEqual([2, 1]);

      expect(await fixture.worker.sweep()).toMatchObject({ leased: 0, open: 3, needOperator: 1 });
      expectProblem(await ask(fixture, `POST /api/operations/${second}/resolve`), {
        status: 500,
        code: "operation_undecodable",
        detail:
          "An operation in the ledger that stands in the way cannot be read. An operator has to mend it.",
      });
    },
  );

  it("a try too many is taken up like any other", async () => {
    const [id = ""] = await abandoned(1);
    await query("update registrar.operation set tries = 2147483647 where id = $1", [id]);
    expect(await fixture.worker.sweep()).toMatchObject({ leased: 1, rolled_back: 1 });
  });
});

describe("who meets such a row", () => {
  it("hears which operation it is: by the address, and by the key", async () => {
    const { worker } = fixture;
    const key = "one-key";
    fixture.stack.faults.set([{ target: "cognito", match: "Admin", answer: "500" }]);
    const { json } = await worker.register(body(0), { key });
    fixture.stack.faults.clear();
    await query("update registrar.operation set history = '{}'");
    for (const options of [{ key }, {}]) {
      const answer = await worker.register(body(0), options);
      expect([answer.json.code, answer.json.operationId]).toEqual([
        "operation_undecodable",
        json.operationId,
      ]);
      expect([answer.json.retryable, answer.json.outcome]).toEqual([false, "nothing_created"]);
    }
    expect((await worker.register(body(1))).status).toBe(200);
  });

  it("hears it of a change, too", async () => {
    const { stack } = fixture;
    const id = await addUser(stack);
    stack.faults.set([{ target: "cognito", match: "=AdminDisableUser", answer: "500" }]);
    const disable = () => ask(fixture, `PUT /api/users/${id}`, { body: { disabled: true } });
    const { json } = await disable();
    stack.faults.clear();
    await query("update registrar.operation set history = '[1]'");
    const answer = await disable();
    expect([answer.json.code, answer.json.operationId]).toEqual(["operation_undecodable", json.operationId]);
  });
});
