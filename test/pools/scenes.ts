/** What has to hold in every kind of pool: from a registration to a deletion, with the faults that the guarantee is about. */
import { expect } from "vitest";
import type { Fault } from "../../dev/faults.ts";
import { POOL_KINDS, type PoolKind, type PoolTraits } from "../../dev/pool-kinds.ts";
import { roles } from "../../dev/seed.ts";
import { type Fixture, patient } from "../support/fixture.ts";
import { ask } from "../support/life.ts";
import { eventually, quiet } from "../support/moments.ts";
import { expectNothingOf, expectRegistered, look } from "../support/stores.ts";
import { startWorker } from "../support/worker.ts";

const email = "new.user@flip.example";
const body = { email, roles: [] };

/** A horizon and some more: what was open may be resolved, and grace periods are over. */
const HOUR_SECONDS = 3600;

const commitRefused: Fault = { target: "database", match: "=ledger.commit", answer: "error", code: "23514" };

/** One column of the table. */
export interface Scene {
  readonly name: string;
  readonly title: string;
  readonly run: (fixture: Fixture, traits: PoolTraits) => Promise<void>;
}

/** Registers the user, and lets what follows the answer come to an end. */
async function register(fixture: Fixture): Promise<string> {
  const answer = await fixture.worker.register(body);
  expect([answer.status, answer.json.email]).toEqual([200, email]);
  await quiet(fixture.stack);
  return answer.json.userId;
}

const stateOf = async ({ stack }: Fixture) => (await look(stack)).registrations.map(({ state }) => state);

/** Whether an invitation reaches a new user, or why not. */
const invited = async (fixture: Fixture, traits: PoolTraits) => {
  const mails = () => fixture.stack.mails(email).length;
  if (traits.customMessageFails)
    return expect([mails(), await stateOf(fixture)]).toEqual([0, ["registered"]]);
  await eventually("the registration is completed", async () => (await stateOf(fixture))[0] === "completed");
  const { registrations } = await look(fixture.stack);
  const notes = registrations.flatMap(({ history }) => history.map((line) => JSON.stringify(line)));
  expect(mails()).toBe(traits.passwordless ? 0 : 1);
  expect(notes.some((note) => note.includes("not invited"))).toBe(traits.passwordless);
};

export const scenes: ReadonlyArray<Scene> = [
  {
    name: "register",
    title: "registers a user, and invites whoever can be invited",
    run: async (fixture, traits) => {
      const id = await register(fixture);
      const user = await expectRegistered(fixture.stack, email);
      expect(user.sub).toBe(id);
      expect(user.status).toBe(traits.passwordless ? "CONFIRMED" : "FORCE_CHANGE_PASSWORD");
      await invited(fixture, traits);
    },
  },
  {
    name: "duplicate",
    title: "registers one address once, one after the other and at once",
    run: async (fixture) => {
      const { stack, worker } = fixture;
      const answers = await Promise.all(Array.from({ length: 4 }, () => worker.register(body)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const { status } of answers) expect([200, 400, 409]).toContain(status);
      await quiet(stack);
      const again = await worker.register({ ...body, email: email.toUpperCase() });
      expect([again.status, again.json.code]).toEqual([400, "user_exists"]);
      await expectRegistered(stack, email);
    },
  },
  {
    name: "held",
    title: "leaves an address alone that somebody has who was made elsewhere",
    run: async ({ stack, worker }) => {
      const sub = await stack.cognito.createUser(email);
      const answer = await worker.register(body);
      expect([answer.status, answer.json.code]).toEqual([400, "user_exists"]);
      expect(stack.cognito.getUser(email)?.sub).toBe(sub);
    },
  },
  {
    name: "lost create",
    title: "finds its own user where the create's answer is lost",
    run: async (fixture) => {
      const { stack, worker } = fixture;
      stack.faults.set([
        { target: "cognito", match: "=AdminCreateUser", effect: "applied", answer: "reset", times: 1 },
      ]);
      expect((await worker.register(body)).status).toBe(200);
      await quiet(stack);
      await expectRegistered(stack, email);
    },
  },
  {
    name: "rollback",
    title: "deletes the user where the commit is refused, and tries again",
    run: async (fixture) => {
      const { stack, worker } = fixture;
      stack.faults.set([commitRefused]);
      const answer = await worker.register(body);
      expect([answer.status, answer.json.outcome]).toEqual([500, "rolled_back"]);
      await expectNothingOf(stack, email);
      stack.faults.clear();
      await register(fixture);
      await expectRegistered(stack, email);
    },
  },
  {
    name: "swept",
    title: "tracks a user whom it cannot delete, and the sweeper deletes them",
    run: async ({ stack, worker }) => {
      stack.faults.set([commitRefused, { target: "cognito", match: "=AdminDeleteUser", answer: "500" }]);
      const answer = await worker.register(body);
      expect([answer.status, answer.json.outcome]).toEqual([500, "tracked"]);
      stack.faults.clear();
      await stack.age(HOUR_SECONDS);
      await worker.sweep();
      await expectNothingOf(stack, email);
    },
  },
  {
    name: "late create",
    title: "deletes a user whose create took effect late, and nobody else",
    run: async (fixture, traits) => {
      const { stack, worker } = fixture;
      stack.faults.set([
        {
          target: "cognito",
          match: "=AdminCreateUser",
          effect: "applied",
          answer: "hang",
          // After the create has been given up, and its user looked for.
          late: traits.triggersTakeMs > 0 ? 17_000 : 2000,
          times: 1,
        },
      ]);
      const answer = await worker.register(body);
      expect([answer.status, answer.json.outcome]).toEqual([500, "tracked"]);
      await stack.faults.settled();
      stack.faults.clear();
      await stack.age(HOUR_SECONDS);
      await worker.sweep();
      await expectNothingOf(stack, email);
      await register(fixture);
      await expectRegistered(stack, email);
    },
  },
  {
    name: "look up",
    title: "shows a user by address and by id, and lists them",
    run: async (fixture) => {
      const id = await register(fixture);
      for (const key of [email, id])
        expect((await ask(fixture, `GET /api/users/${key}`)).json).toMatchObject({ id, email });
      const { json } = await ask(fixture, "GET /api/users?search=new.user");
      expect(json.data).toMatchObject([{ id, email, isDisabled: false }]);
    },
  },
  {
    name: "second factor",
    title: "hears a caller whom it has registered, once they have a second factor, where one is enforced",
    run: async (fixture) => {
      const { stack } = fixture;
      const sub = await register(fixture);
      await stack.cognito.confirm(sub);
      await stack.query("insert into user_role (user_id, role_id) values ($1, $2)", [sub, roles.admin]);
      const worker = await startWorker(stack, { ...patient, ENFORCE_MFA: "true" });
      const token = stack.signToken({ sub, username: stack.cognito.getUser(sub)?.username });
      const asked = async () => (await ask({ stack, worker }, "GET /api/roles", { token })).status;
      try {
        expect(await asked()).toBe(403);
        await stack.cognito.setTotp(sub, true);
        expect(await asked()).toBe(200);
      } finally {
        await worker.stop();
      }
    },
  },
  {
    name: "disable",
    title: "disables and enables a user",
    run: async (fixture) => {
      const id = await register(fixture);
      for (const disabled of [true, false]) {
        expect((await ask(fixture, `PUT /api/users/${id}`, { body: { disabled } })).status).toBe(200);
        expect(fixture.stack.cognito.getUser(id)?.enabled).toBe(!disabled);
      }
    },
  },
  {
    name: "delete",
    title: "deletes a user, whose address is free again",
    run: async (fixture) => {
      const id = await register(fixture);
      expect((await ask(fixture, `DELETE /api/users/${id}`)).status).toBe(200);
      expect(fixture.stack.cognito.getUser(id)).toBeUndefined();
      await quiet(fixture.stack);
      expect(await register(fixture)).not.toBe(id);
    },
  },
];

/** What remains where a broken trigger lets nobody be created. */
export const hopeless: Scene = {
  name: "register",
  title: "creates nobody, says that the deployment has to be mended, and leaves nothing open",
  run: async ({ stack, worker }) => {
    const answer = await worker.register(body);
    expect([answer.status, answer.json.code, answer.json.reason]).toEqual([
      500,
      "create_refused",
      "pool_trigger_broken",
    ]);
    await expectNothingOf(stack, email);
  },
};

/** Scenes of a kind. */
export const scenesOf = (kind: PoolKind): ReadonlyArray<Scene> =>
  (POOL_KINDS[kind] as PoolTraits).preSignUp === "broken" ? [hopeless] : scenes;
