/** `GET /api/users?cursor=`: pages that do not walk the whole pool, and that others' coming and going cannot disturb. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";

const fixture = useWorker(patient);
const page = (cursor: string, more = "") =>
  ask(fixture, `GET /api/users?cursor=${encodeURIComponent(cursor)}${more}`);

type Data = { id: string; email: string }[];

/** Every user that a walk shows; `between` runs before each further page. */
async function walk(size: number, between: () => Promise<void> = async () => {}): Promise<Data> {
  const seen: Data = [];
  let cursor = "";
  do {
    const { status, json } = await page(cursor, `&pageSize=${size}`);
    expect(status).toBe(200);
    seen.push(...json.data);
    cursor = json.next;
    await between();
  } while (cursor !== null);
  return seen;
}

describe("200", () => {
  it("asks Cognito for one page only, and shows users as the numbered pages do", async () => {
    const { stack } = fixture;
    const id = await addUser(stack, { roles: [roles.observer], enabled: false });
    stack.faults.clearCalls();
    const { json } = await page("", "&pageSize=2");
    expect(stack.faults.calls("cognito").filter(({ operation }) => operation === "ListUsers").length).toBe(1);
    expect([json.data.length, typeof json.next]).toEqual([2, "string"]);
    const all = await walk(2);
    const numbered = await ask(fixture, "GET /api/users");
    expect(all.find((one) => one.id === id)).toEqual(
      numbered.json.data.find((one: { id: string }) => one.id === id),
    );
  });

  it("never asks for more than Cognito's 60, whatever pageSize is", async () => {
    for (let n = 0; n < 63; n++) await fixture.stack.cognito.createUser(`u${n}@flip.example`);
    const { status, json } = await page("", "&pageSize=1000");
    expect([status, json.data.length]).toEqual([200, 60]);
    expect((await walk(1000)).length).toBe(65);
  });

  it("thins pages out by a search, and ends all the same", async () => {
    for (let n = 0; n < 12; n++) await fixture.stack.cognito.createUser(`u${n}@flip.example`);
    const seen: Data = [];
    let cursor = "";
    do {
      const { json } = await page(cursor, "&pageSize=3&search=U1");
      seen.push(...json.data);
      cursor = json.next;
    } while (cursor !== null);
    expect(seen.map(({ email }) => email).sort()).toEqual(
      ["u1@flip.example", "u10@flip.example", "u11@flip.example"].sort(),
    );
  });

  it("an odd member hides nobody", async () => {
    const { stack } = fixture;
    await addUser(stack, { email: "x@y.test" });
    await addUser(stack, { email: "odd@flip.example", attributes: { sub: "not-a-uuid" } });
    expect((await walk(1)).map(({ email }) => email).sort()).toEqual([
      "admin@flip.example",
      "viewer@flip.example",
      "x@y.test",
    ]);
  });

  it("shows each user who was there throughout exactly once, whoever comes and goes meanwhile", async () => {
    const { stack } = fixture;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 8 }),
        fc.array(fc.array(fc.constantFrom("come", "go"), { maxLength: 3 }), { minLength: 1, maxLength: 6 }),
        async (size, stayers, moves) => {
          await stack.reset();
          const staying = [stack.adminSub, stack.viewerSub];
          const passing: string[] = [];
          for (let n = 0; n < stayers; n++) {
            staying.push(await addUser(stack));
            passing.push(await addUser(stack));
          }
          let turn = 0;
          const seen = await walk(size, async () => {
            for (const move of moves[turn++ % moves.length] ?? []) {
              const going = move === "go" ? passing.shift() : undefined;
              if (going !== undefined) await stack.cognito.deleteUser(going);
              else if (turn < 8) passing.push(await addUser(stack));
            }
          });
          const ids = seen.map(({ id }) => id);
          expect(ids.filter((id) => staying.includes(id)).sort()).toEqual([...staying].sort());
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
      { numRuns: Number(process.env.PAGE_RUNS ?? 25) },
    );
  });
});

describe("422", () => {
  it("refuses a cursor that no page has given: the caller's mistake, not an outage", async () => {
    const answer = await page("nonsense");
    expect([answer.status, answer.json.errors]).toMatchObject([422, [{ loc: ["query", "cursor"] }]]);
  });
});
