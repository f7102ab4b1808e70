/** `GET /api/users` over a pool that cannot be read within one request: what was read, and how to go on. */
import { beforeEach, describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask } from "../../support/life.ts";

const fixture = useWorker({ ...patient, REQUEST_BUDGET_SECONDS: "2" });
const list = (query: string) => ask(fixture, `GET /api/users${query}`);
type Data = ReadonlyArray<{ readonly id: string; readonly email: string }>;

beforeEach(async () => {
  for (let n = 0; n < 188; n++)
    await fixture.stack.cognito.createUser(`u${String(n).padStart(3, "0")}@flip.example`);
  fixture.stack.faults.set([{ target: "cognito", match: "ListUsers", delayMs: 600 }]);
});

describe("a large pool", () => {
  it("is answered 200, without counts, and shows everybody once to whoever follows next", async () => {
    const first = await list("?pageSize=50");
    expect(first.status).toBe(200);
    expect(Object.keys(first.json)).toEqual(["page", "pageSize", "data", "next"]);
    expect(first.json.data.length).toBe(50);
    expect(first.json.next).toMatch(/^[\w-]+$/);
    const seen = [...(first.json.data as Data)];
    fixture.stack.faults.clear();
    for (let cursor = first.json.next; cursor !== null; ) {
      const page = await list(`?pageSize=50&cursor=${cursor}`);
      expect(page.status).toBe(200);
      seen.push(...(page.json.data as Data));
      cursor = page.json.next;
    }
    expect([seen.length, new Set(seen.map(({ id }) => id)).size]).toEqual([190, 190]);
  });

  it("is searched in the same way", async () => {
    const first = await list("?search=U18");
    expect([first.status, first.json.totalRecords]).toEqual([200, undefined]);
    const found = [...(first.json.data as Data)];
    fixture.stack.faults.clear();
    for (let cursor = first.json.next; cursor !== null; ) {
      const page = await list(`?search=U18&cursor=${cursor}`);
      found.push(...(page.json.data as Data));
      cursor = page.json.next;
    }
    const expected = Array.from({ length: 8 }, (_, n) => `u${180 + n}@flip.example`);
    expect(found.map(({ email }) => email).sort()).toEqual(expected);
  });

  it("is counted as soon as it can be read in time", async () => {
    fixture.stack.faults.clear();
    expect((await list("")).json.totalRecords).toBe(190);
  });
});
