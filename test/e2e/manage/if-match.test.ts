/** The user's ETag, and If-Match: nobody overwrites what they have not seen. */
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { type Ask, addAdmin, addUser, ask } from "../../support/life.ts";
import { auditOf, changesOf, grantsOf } from "../../support/life-story.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
let id: string;
beforeEach(async () => {
  id = await addUser(fixture.stack, { email: "person@flip.example", roles: [roles.observer] });
});

const look = async (key = id, more: Ask = {}) =>
  String((await ask(fixture, `GET /api/users/${key}`, more)).headers.etag);
const setRoles = (to: ReadonlyArray<string>, tag: string) =>
  ask(fixture, `POST /api/users/${id}/roles`, { body: { roles: to }, headers: { "If-Match": tag } });
const put = (disabled: boolean, tag: string) =>
  ask(fixture, `PUT /api/users/${id}`, { body: { disabled }, headers: { "If-Match": tag } });
const detail = "The user has changed since you looked. Nothing was done; look at the user again.";
const failed = { status: 412, code: "precondition_failed", detail } as const;

describe("the ETag of a user", () => {
  it("is shown to who manages users, by id and by address, and no cache may keep or change it", async () => {
    const { stack } = fixture;
    for (const key of [id, "person@flip.example"]) {
      const { headers } = await ask(fixture, `GET /api/users/${key}`);
      expect(headers.etag).toMatch(/^"[0-9a-f]{32}"$/);
      expect(headers["cache-control"]).toBe("no-store, no-transform");
    }
    const other = await ask(fixture, `GET /api/users/${id}`, { token: stack.viewerToken });
    expect([other.status, other.headers.etag, other.headers["cache-control"]]).toEqual([
      200,
      undefined,
      "no-store",
    ]);
    expect(await auditOf(stack, id)).toEqual([]);
  });

  it("changes with the roles and with every change, and comes with the answer that sets roles", async () => {
    const tags = [await look()];
    const { headers } = await setRoles([roles.researcher], tags[0] ?? "");
    tags.push(String(headers.etag));
    expect(await look()).toBe(tags[1]);
    await ask(fixture, `PUT /api/users/${id}`, { body: { disabled: true } });
    tags.push(await look());
    await ask(fixture, `PUT /api/users/${id}`, { body: { disabled: false } });
    tags.push(await look());
    await ask(fixture, `POST /api/users/${id}/mfa/reset`);
    tags.push(await look());
    expect(new Set(tags).size).toBe(5);
  });
});

describe("If-Match", () => {
  it("lets the first of two administrators set roles, and tells the second", async () => {
    const { stack } = fixture;
    const seen = await look();
    expect((await setRoles([roles.researcher], seen)).status).toBe(200);
    expectProblem(await setRoles([roles.admin], seen), failed);
    expect(await grantsOf(stack, id)).toEqual([roles.researcher]);
    expect(await auditOf(stack, id)).toEqual(["Updated user roles"]);
  });

  it("lets one of two at once through", async () => {
    const seen = await look();
    const answers = await Promise.all([
      setRoles([roles.researcher], seen),
      setRoles([], seen),
      put(true, seen),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  });

  it("takes weak tags, lists and *, and nothing else", async () => {
    const seen = await look();
    expect((await setRoles([roles.researcher], `W/${seen}`)).status).toBe(200);
    expect((await setRoles([roles.observer], `"other", ${await look()}`)).status).toBe(200);
    expect((await setRoles([roles.observer], "*")).status).toBe(200);
    for (const tag of ["x", seen.slice(1), `${seen} "x"`, `*, ${seen}`]) {
      const answer = await setRoles([], tag);
      expect([answer.status, answer.json.code], tag).toEqual([400, "invalid_if_match"]);
      expect(answer.json.detail).toContain("If-Match");
    }
    expect(await grantsOf(fixture.stack, id)).toEqual([roles.observer]);
  });

  it("stands before every change of a user", async () => {
    const { stack } = fixture;
    const headers = { "If-Match": '"other"' };
    for (const [what, body] of [
      ["PUT ", { disabled: true }],
      ["DELETE "],
      ["POST /invitation"],
      ["POST /mfa/reset"],
      ["POST /roles", { roles: [] }],
    ] as const) {
      const [method, path] = what.split(" ");
      const more = body === undefined ? { headers } : { body, headers };
      expectProblem(await ask(fixture, `${method} /api/users/${id}${path}`, more), failed);
    }
    expect([await auditOf(stack, id), await changesOf(stack, id)]).toEqual([[], []]);
    expect(await grantsOf(stack, id)).toEqual([roles.observer]);
    expect((await put(true, await look())).status).toBe(200);
  });

  it("is not failed by the request's own statement, whose answer was lost", async () => {
    const { stack } = fixture;
    const lost = { target: "database", effect: "applied", answer: "reset", times: 1 } as const;
    stack.faults.set([{ ...lost, match: "/* access.setRoles */" }]);
    expect((await setRoles([roles.researcher], await look())).status).toBe(200);
    stack.faults.set([{ ...lost, match: "/* changes.open */" }]);
    expect((await put(true, await look())).status).toBe(200);
    expect(await auditOf(stack, id)).toEqual(["Updated user roles", "Disabled user"]);
  });

  it("is judged after the permission: who has none hears that only", async () => {
    const { token } = await addAdmin(fixture.stack);
    const more = { body: { roles: [] }, headers: { "If-Match": '"x"' } };
    const asking = (by: string) => ask(fixture, `POST /api/users/${id}/roles`, { token: by, ...more });
    expect((await asking(fixture.stack.viewerToken)).status).toBe(403);
    expect((await asking(token)).status).toBe(412);
  });
});
