/** What Postgres refuses is no outage: trying again cannot help, and nothing was written. */
import { describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";
import { expectProblem } from "../../support/problem.ts";
import { look } from "../../support/stores.ts";

const fixture = useWorker(patient);
const detail = "The database refuses what was asked of it. An operator finds the reason in the log.";
const expected = { status: 500, code: "database_refused", detail } as const;
const body = { email: "new.user@flip.example", roles: [] };

describe("500", () => {
  for (const [what, code, match] of [
    ["a table that is not there", "42P01", "/* ledger.open */"],
    ["a wrong password", "28P01", "/* ledger.open */"],
    ["a trigger of the database's own", "P0001", "/* ledger.open */"],
  ] as const)
    it(`says that trying again cannot help, where ${what} refuses a registration, and names the SQLSTATE in the log`, async () => {
      const { stack, worker } = fixture;
      stack.faults.set([{ target: "database", match, answer: "error", code }]);
      const answer = await worker.register(body);
      expectProblem(answer, expected);
      const line = worker
        .logs()
        .find(({ requestId, level }) => requestId === answer.json.requestId && level === "Error");
      expect(JSON.stringify(line)).toContain(code);
      expect((await look(stack)).registrations).toEqual([]);
    });

  it("promises nothing of a change whose opening statement was refused: there is no row to wait for", async () => {
    const { stack } = fixture;
    const id = await addUser(stack);
    stack.faults.set([{ target: "database", match: "/* changes.open */", answer: "error", code: "P0001" }]);
    const answer = await ask(fixture, `DELETE /api/users/${id}`);
    expectProblem(answer, expected);
    expect([answer.json.operationId, (await look(stack)).registrations]).toEqual([undefined, []]);
  });

  it("says the same of every other question to the database", async () => {
    const { stack } = fixture;
    stack.faults.set([{ target: "database", answer: "error", code: "42501" }]);
    for (const what of ["GET /api/users", "GET /api/roles", "GET /api/audit", "GET /api/operations"])
      expectProblem(await ask(fixture, what), expected);
  });
});

describe("503", () => {
  for (const code of ["53300", "57P03", "40001"])
    it(`is what helps itself: SQLSTATE ${code}`, async () => {
      fixture.stack.faults.set([{ target: "database", answer: "error", code }]);
      expect((await ask(fixture, "GET /api/roles")).json.code).toBe("database_unavailable");
    });
});
