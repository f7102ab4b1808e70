/** Requests that do not mean anything: 422 names every bad field at once, in FLIP's words, and never the input. */
import { describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import type { Answer } from "../../support/http.ts";
import { expectProblem } from "../../support/problem.ts";
import { expectUntouched } from "../../support/stores.ts";

const fixture = useWorker(patient);
const email = "new.user@flip.example";
const role = "10b64ed0-bc90-4c01-9cc3-933c704905c1";

const refused = (answer: Answer) => {
  const { detail } = answer.json;
  expectProblem(answer, { status: 422, code: "invalid_request", detail });
  expect(detail).toMatch(/^The request is not valid: /);
  for (const error of answer.json.errors) expect(Object.keys(error)).toEqual(["type", "loc", "msg"]);
  return answer.json.errors.map(({ type, loc }: { type: string; loc: unknown[] }) => [type, ...loc]);
};

const raw = (body: string) =>
  fixture.worker.send({
    method: "POST",
    path: "/api/users/",
    body,
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${fixture.stack.adminToken}` },
  });

describe("422", () => {
  it("lists every bad field at once, roles first as FLIP does", async () => {
    const answer = await fixture.worker.register({ email: "nobody", roles: ["x", role, 7, `{${role}}`] });
    expect(refused(answer)).toEqual([
      ["uuid_parsing", "body", "roles", 0],
      ["uuid_type", "body", "roles", 2],
      ["uuid_parsing", "body", "roles", 3],
      ["value_error", "body", "email"],
    ]);
    expect(refused(await fixture.worker.register({}))).toEqual([
      ["missing", "body", "roles"],
      ["missing", "body", "email"],
    ]);
    await expectUntouched(fixture.stack);
  });

  it("never echoes what was sent, however much of it there is", async () => {
    const secret = "correct-horse-battery";
    const answer = await fixture.worker.register({ email: `${secret} @x`, roles: [secret, { [secret]: 1 }] });
    refused(answer);
    expect(answer.text).not.toContain(secret);
    expect(fixture.worker.text()).not.toContain(secret);
    const many = await fixture.worker.register({ email, roles: Array(900).fill("x".repeat(40)) });
    expect(many.status).toBe(422);
    expect(many.text).not.toContain("xxxx");
  });

  it("names the first twenty of many, and says how many more there are", async () => {
    const roles = Array.from({ length: 90 }, (_, n) => n);
    const answer = await fixture.worker.register({ email: "", roles });
    refused(answer);
    expect(answer.json.errors).toHaveLength(20);
    expect(answer.json.detail).toMatch(/roles\.0, .* and 81 more\.$/);
    expect(answer.text.length).toBeLessThan(4000);
  });

  it("looks at no item of a list that is far too long", async () => {
    const body = JSON.stringify({ email: "", roles: Array(32_000).fill(0) });
    const answer = await raw(body);
    expect(refused(answer)).toEqual([["too_long", "body", "roles"]]);
    expect(answer.text.length).toBeLessThan(1000);
  });

  const bodies: Record<string, [body: string, type: string, loc: string]> = {
    "no body": ["", "missing", "body"],
    null: ["null", "missing", "body"],
    "an array": ["[]", "model_attributes_type", "body"],
    "a string": ['"x"', "model_attributes_type", "body"],
    "roles that are no list": [`{"email":"${email}","roles":"x"}`, "list_type", "body.roles"],
    "roles that are null": [`{"email":"${email}","roles":null}`, "list_type", "body.roles"],
    "a name that is no string": [`{"email":"${email}","roles":[],"name":7}`, "string_type", "body.name"],
    "a name that is null": [`{"email":"${email}","roles":[],"name":null}`, "string_type", "body.name"],
    "an empty name": [`{"email":"${email}","roles":[],"name":""}`, "string_too_short", "body.name"],
    "a name of 256 characters": [
      JSON.stringify({ email, roles: [], name: "é".repeat(256) }),
      "string_too_long",
      "body.name",
    ],
    "a name with a line end": [`{"email":"${email}","roles":[],"name":"A\\nB"}`, "value_error", "body.name"],
    "a name that overrides the direction": [
      `{"email":"${email}","roles":[],"name":"A\\u202eB"}`,
      "value_error",
      "body.name",
    ],
    "a name with half a surrogate pair": [
      `{"email":"${email}","roles":[],"name":"A\\ud800"}`,
      "value_error",
      "body.name",
    ],
    "an e-mail that is no string": ['{"email":1,"roles":[]}', "string_type", "body.email"],
    "a lone surrogate": ['{"email":"\\ud800@flip.example","roles":[]}', "value_error", "body.email"],
    "more than a hundred roles": [
      JSON.stringify({ email, roles: Array.from({ length: 101 }, () => crypto.randomUUID()) }),
      "too_long",
      "body.roles",
    ],
  };
  for (const [what, [body, type, loc]] of Object.entries(bodies))
    it(`refuses ${what}`, async () => {
      expect(refused(await raw(body))).toEqual([[type, ...loc.split(".")]]);
      await expectUntouched(fixture.stack);
    });

  const addresses = {
    "no domain": "plain",
    "a display name": "Jo <jo@flip.example>",
    "two addresses": "a@flip.example,b@flip.example",
    "a second line": "jo@flip.example\r\nBcc: all@flip.example",
    "a filter": 'jo"@flip.example',
    "a quoted local part": '"jo"@flip.example',
    "an inner blank": "jo e@flip.example",
    "a local part of 65": `${"x".repeat(65)}@flip.example`,
    "129 characters": `${"x".repeat(60)}@${"y".repeat(60)}.example`,
    "an address that is an IP": "jo@127.0.0.1",
    "an IP literal": "jo@[127.0.0.1]",
    "a reserved domain": "jo@printer.local",
    "a local part that is not ASCII": "jö@flip.example",
    "a domain that is not in its A-label form": "jo@münchen.example",
    "a control character": "jo\u0000@flip.example",
    "a bidi override": "jo\u202e@flip.example",
    "two dots": "jo..e@flip.example",
  };
  for (const [what, address] of Object.entries(addresses))
    it(`refuses an e-mail with ${what}`, async () => {
      const answer = await fixture.worker.register({ email: address, roles: [] });
      expect(refused(answer)).toEqual([["value_error", "body", "email"]]);
      await expectUntouched(fixture.stack);
    });

  it("takes an address of exactly 128 characters", async () => {
    const longest = `${"x".repeat(59)}@${"y".repeat(60)}.example`;
    expect(longest).toHaveLength(128);
    expect((await fixture.worker.register({ email: longest, roles: [] })).status).toBe(200);
  });

  it("refuses an Idempotency-Key that is none with 400, and never echoes it", async () => {
    for (const key of ["", '""', "two words", "a,b", '"open', "x".repeat(256), '"é"']) {
      const answer = await fixture.worker.register({ email, roles: [] }, { key });
      const detail = "The Idempotency-Key header must be one string of 1 to 255 printable ASCII characters.";
      expectProblem(answer, { status: 400, code: "invalid_idempotency_key", detail });
    }
    await expectUntouched(fixture.stack);
  });
});
