/** The typed client: what it says is known is what is true in both stores. */
import { describe, expect, it } from "vitest";
import { makeRegistrar } from "../../../client/client.ts";
import type { Fault } from "../../../dev/faults.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { quiet } from "../../support/moments.ts";
import { expectNothingOf, expectRegistered } from "../../support/stores.ts";

const fixture = useWorker(patient);
const email = "new.user@flip.example";
const body = { email, roles: [] };
const key = "9e107d9d-372b-4b6b-8f0a-6f1c0f7b8f3e";

const registrar = (token = fixture.stack.adminToken) => makeRegistrar(fixture.worker.url, () => token);

const commitRefused: Fault = { target: "database", match: "=ledger.commit", answer: "error", code: "23514" };

describe("the client", () => {
  it("says that the user is registered, and at a repeat with the same key that they were", async () => {
    const first = await registrar().register(body, key);
    expect(first).toMatchObject({ is: "registered", again: false });
    await quiet(fixture.stack);
    await expectRegistered(fixture.stack, email);
    expect(await registrar().register(body, key)).toEqual({ ...first, again: true });
  });

  it("says that a request has to be changed, and that one who is not signed in has to sign in", async () => {
    await registrar().register(body, key);
    await quiet(fixture.stack);
    expect(await registrar().register(body, "another")).toMatchObject({
      is: "refused",
      changed: true,
      problem: { code: "user_exists" },
    });
    expect(await registrar("none").register(body, key)).toMatchObject({ is: "signedOut" });
  });

  it("says that nothing is left, and that the same may be tried again", async () => {
    fixture.stack.faults.set([commitRefused]);
    expect(await registrar().register(body, key)).toMatchObject({
      is: "refused",
      changed: false,
      problem: { outcome: "rolled_back" },
    });
    await quiet(fixture.stack);
    await expectNothingOf(fixture.stack, email);
    fixture.stack.faults.set([]);
    expect(await registrar().register(body, key)).toMatchObject({ is: "registered" });
  });

  it("says that an operation is open, and shows it", async () => {
    fixture.stack.faults.set([
      commitRefused,
      { target: "cognito", match: "=AdminDeleteUser", answer: "500" },
    ]);
    const outcome = await registrar().register(body, key);
    expect(outcome).toMatchObject({ is: "tracked", problem: { code: "cleanup_required" } });
    const { operationId = "" } = outcome.is === "tracked" ? outcome.problem : {};
    expect(await registrar().operation(operationId)).toMatchObject({
      answer: { operationId, state: "rolling_back" },
    });
  });

  it("is in doubt where no answer came, whether or not there was a service", async () => {
    const nobody = makeRegistrar("http://127.0.0.1:1", () => "token");
    expect(await nobody.register(body, key)).toEqual({ is: "doubt", afterSeconds: 5 });
  });
});
