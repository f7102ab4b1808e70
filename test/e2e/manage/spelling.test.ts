/** A pool in which the case of an address counts: one mailbox may stand there in another spelling than ours. */
import { expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { addUser, ask } from "../../support/life.ts";

const fixture = useWorker(patient, { pool: "case-sensitive" });
const get = (key: string) => ask(fixture, `GET /api/users/${encodeURIComponent(key)}`);

it("a look-up finds a user as the address is written, else in lower case", async () => {
  const upper = await addUser(fixture.stack, { email: "Ann.Jones@flip.example" });
  expect((await get("Ann.Jones@flip.example")).json.id).toBe(upper);
  expect((await get("ann.jones@flip.example")).status).toBe(404);
  const lower = await addUser(fixture.stack, { email: "ann.jones@flip.example" });
  expect((await get("Ann.Jones@flip.example")).json.id).toBe(upper);
  expect((await get("ANN.jones@flip.example")).json.id).toBe(lower);
});
