/**
 * A user who is in the pool, and not committed yet: whoever changes them then must not outlive the rollback (the
 * eleventh way to get it wrong, docs/protocol.md).
 */
import { describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask, begin } from "../../support/life.ts";
import { contradictions, grantsOf, sweepOut } from "../../support/life-story.ts";
import { hold } from "../../support/moments.ts";

const fixture = useWorker({ ...patient, INVITATION: "none" });
const email = "new.user@flip.example";

/** A registration with the Admin role, held just before its commit; and the user whom the pool shows already. */
const heldAtCommit = async () => {
  const commit = hold(fixture.stack, "database", "=ledger.commit");
  const registration = begin(fixture, "POST /api/step/users", { body: { email, roles: [roles.admin] } });
  await commit.reached;
  const sub = String(fixture.stack.cognito.getUser(email)?.sub);
  return { commit, registration, sub };
};

describe("409", () => {
  it("answers every change of a user whose registration is under way with its id, and changes nothing", async () => {
    const { stack } = fixture;
    const { commit, registration, sub } = await heldAtCommit();
    for (const [what, body] of [
      [`POST /api/users/${sub}/roles`, { roles: [roles.observer] }],
      [`PUT /api/users/${sub}`, { disabled: true }],
      [`POST /api/users/${sub}/invitation`, undefined],
      [`POST /api/users/${sub}/mfa/reset`, undefined],
    ] as const) {
      const answer = await ask(fixture, what, { ...(body && { body }) });
      expect([what, answer.status, answer.json.code]).toEqual([what, 409, "registration_in_progress"]);
      expect(answer.json.operationId).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect([stack.mails(email), await grantsOf(stack, sub)]).toEqual([[], []]);
    commit.release();
    expect((await registration.answer).status).toBe(201);
    expect(await grantsOf(stack, sub)).toEqual([roles.admin]);
  });
});

describe("a deletion between create and commit", () => {
  it("leaves neither user nor grant: the commit refuses them, and the registration is rolled back", async () => {
    const { stack } = fixture;
    const { commit, registration, sub } = await heldAtCommit();
    expect((await ask(fixture, `DELETE /api/users/${sub}`)).status).toBe(200);
    commit.release();
    const answer = await registration.answer;
    expect([answer.status, answer.json.detail]).toEqual([
      500,
      `Failed to set user roles for user ${sub}. User has been deleted.`,
    ]);
    await sweepOut(fixture);
    expect([stack.cognito.getUser(email), await grantsOf(stack, sub)]).toEqual([undefined, []]);
    expect(await contradictions(stack)).toEqual([]);
  });
});
