/** Users of another identity provider: their user name is not their id, and every route reaches them all the same. */
import { beforeEach, describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask } from "../../support/life.ts";
import { auditOf, grantsOf } from "../../support/life-story.ts";
import { expectProblem } from "../../support/problem.ts";

const fixture = useWorker(patient);
const email = "fay@flip.example";
let id: string;
beforeEach(async () => {
  id = await fixture.stack.cognito.createFederated(email);
});
const known = () => fixture.stack.cognito.getUser(id);

describe("a user of another identity provider", () => {
  it("is listed, seen, given roles, disabled and enabled", async () => {
    const { json } = await ask(fixture, "GET /api/users?search=fay");
    expect(json.data).toMatchObject([{ id, email, isDisabled: false }]);
    expect((await ask(fixture, `GET /api/users/${id}`)).json).toMatchObject({ id, email });
    const granted = await ask(fixture, `POST /api/users/${id}/roles`, { body: { roles: [roles.observer] } });
    expect([granted.status, await grantsOf(fixture.stack, id)]).toEqual([200, [roles.observer]]);
    for (const disabled of [true, false]) {
      expect((await ask(fixture, `PUT /api/users/${id}`, { body: { disabled } })).status).toBe(200);
      expect(known()?.enabled).toBe(!disabled);
    }
  });

  it("is in the pool no more after a deletion that answers 200", async () => {
    const answer = await ask(fixture, `DELETE /api/users/${id}`);
    expect([answer.status, answer.json, known()]).toEqual([200, {}, undefined]);
    expect((await ask(fixture, `DELETE /api/users/${id}`)).status).toBe(200);
  });

  it("is tracked, not gone, where the second look-up does not answer", async () => {
    fixture.stack.faults.set([{ target: "cognito", match: "ListUsers", answer: "500" }]);
    expectProblem(await ask(fixture, `DELETE /api/users/${id}`), {
      status: 500,
      code: "remove_tracked",
      outcome: "tracked",
      detail:
        "Role grants revoked, but identity-provider user deletion failed. The user can still authenticate with zero app authority — manual identity-provider cleanup required.",
      retryable: true,
    });
    expect(known()?.sub).toBe(id);
  });

  it("is neither invited nor reset: both are answered for good, and nothing is written", async () => {
    expectProblem(await ask(fixture, `POST /api/users/${id}/invitation`), {
      status: 409,
      code: "invitation_not_needed",
      detail:
        "An invitation can be sent only to an enabled user who has not signed in yet; this one is EXTERNAL_PROVIDER.",
    });
    expectProblem(await ask(fixture, `POST /api/users/${id}/mfa/reset`), {
      status: 409,
      code: "second_factor_elsewhere",
      detail: "The user signs in through another identity provider, which keeps their second factor.",
    });
    expect([fixture.stack.mails(), await auditOf(fixture.stack, id)]).toEqual([[], []]);
  });
});
