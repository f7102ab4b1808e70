/** What the compiler refuses of a route. A line that is refused no longer makes `npm run check:types` fail. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Schema } from "effect";
import { LastManager, OperationNotFound } from "../../src/domain/errors.ts";
import { route } from "../../src/http/route.ts";

const declared = {
  id: "example",
  method: "GET",
  path: "/api/example",
  area: "Service",
  summary: "An example",
  needs: "nothing",
  answers: { 200: { means: "An answer.", body: Schema.Struct({ count: Schema.Int }) } },
} as const;

const answer = { status: 200 as const, body: { count: 1 } };

describe("a route", () => {
  it("compiles where the failures that are declared are those of its program", () => {
    const program = () => Effect.as(new LastManager({ doubtful: [] }), answer);
    assert.strictEqual(route({ ...declared, fails: ["LastManager"] }, program).id, "example");
  });

  it("does not compile where its program has a failure that is not declared", () => {
    const program = () => Effect.as(new LastManager({ doubtful: [] }), answer);
    // @ts-expect-error LastManager is not declared.
    route({ ...declared, fails: [] }, program);
    // @ts-expect-error LastManager is not declared.
    route({ ...declared, fails: ["OperationNotFound"] }, program);
  });

  it("does not compile where a failure is declared that its program cannot have", () => {
    const program = () => Effect.as(new OperationNotFound(), answer);
    // @ts-expect-error LastManager is declared and impossible.
    route({ ...declared, fails: ["OperationNotFound", "LastManager"] }, program);
    // @ts-expect-error Forbidden is declared and impossible.
    route({ ...declared, fails: ["Forbidden"] }, () => Effect.succeed(answer));
  });

  it("does not compile where a code is declared that the failure has not", () => {
    const program = () => Effect.as(new OperationNotFound(), answer);
    // @ts-expect-error operation_not_found is the failure's only code.
    route({ ...declared, fails: [["OperationNotFound", "user_exists"]] }, program);
  });

  it("does not compile where its program answers with a status or a body that is not declared", () => {
    // @ts-expect-error 201 is not declared.
    route({ ...declared, fails: [] }, () => Effect.succeed({ status: 201 as const, body: { count: 1 } }));
    // @ts-expect-error The body has no such field.
    route({ ...declared, fails: [] }, () => Effect.succeed({ status: 200 as const, body: { sum: 1 } }));
  });

  it("gives its program the caller only where a token is needed", () => {
    route({ ...declared, fails: [] }, ({ caller }) => {
      // @ts-expect-error Nobody has been identified.
      const sub: string = caller.sub;
      return Effect.succeed(answer).pipe(Effect.annotateLogs({ sub }));
    });
    const known = { ...declared, needs: "token", fails: [] } as const;
    route(known, ({ caller }) =>
      Effect.as(
        Effect.sync(() => caller.sub),
        answer,
      ),
    );
  });
});
