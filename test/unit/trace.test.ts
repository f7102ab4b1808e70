/** Spans on the platform's tracing: what they hold, how they nest, and what is not recorded. */
import { assert, describe, it } from "@effect/vitest";
import { Cause, Effect, Exit, References } from "effect";
import { TraceWorkers, type Tracing } from "../../src/adapters/workers/trace.ts";
import { DatabaseError, StatementUnknown } from "../../src/ports/database.ts";
import { belowSpan, inSpan, spanned } from "../../src/ports/trace.ts";

interface Recorded {
  readonly name: string;
  readonly parent: string | undefined;
  readonly attributes: Record<string, unknown>;
  readonly exception?: string;
  readonly ended: boolean;
}

/** The platform's tracing, which records or does not, as its sampling says. */
const platform = (isTraced = true) => {
  const spans: Recorded[] = [];
  let active: Recorded | undefined;
  let started = 0;
  const tracing: Tracing = {
    startSpan: (name) => {
      started += 1;
      const span: Recorded = { name, parent: active?.name, attributes: {}, ended: false };
      spans.push(span);
      return {
        isTraced,
        span,
        setAttribute: (key: string, value: unknown) => void Object.assign(span.attributes, { [key]: value }),
        setStatus: () => {},
        recordException: ({ name: exception }: { name: string }) => void Object.assign(span, { exception }),
        end: () => void Object.assign(span, { ended: true }),
      } as ReturnType<Tracing["startSpan"]>;
    },
    withActiveSpan: (native, work) => {
      const before = active;
      active = (native as { readonly span: Recorded }).span;
      try {
        return work();
      } finally {
        active = before;
      }
    },
  };
  return { tracing, spans, started: () => started, active: () => active?.name };
};

const run = <A, E>({ tracing }: { readonly tracing: Tracing }, effect: Effect.Effect<A, E>) =>
  Effect.runPromiseExit(Effect.provide(effect, TraceWorkers(tracing)));

describe("a span", () => {
  it("hangs below the span of its program, and is ended", async () => {
    const there = platform();
    await run(there, Effect.withSpan(Effect.withSpan(Effect.void, "inner"), "outer"));
    assert.deepStrictEqual(
      there.spans.map(({ name, parent, ended }) => [name, parent, ended]),
      [
        ["outer", undefined, true],
        ["inner", "outer", true],
      ],
    );
  });

  it("has the calls below it that are made where it runs", async () => {
    const there = platform();
    const seen: Array<string | undefined> = [];
    const call = Effect.map(belowSpan, (below) => below(() => seen.push(there.active())));
    await run(there, Effect.withSpan(call, "Database.query"));
    await run(there, call);
    assert.deepStrictEqual(seen, ["Database.query", undefined]);
  });

  it("takes names and numbers as attributes, and no text of anybody's", async () => {
    const there = platform();
    const attributes = {
      statement: "ledger.open",
      route: "/api/users/{user_id}",
      tries: 3,
      email: "person@flip.example",
      said: "a user with this name exists already",
      token: `eyJ${"a".repeat(200)}`,
      list: ["a"],
    };
    await run(there, Effect.withSpan(Effect.annotateCurrentSpan(attributes), "x"));
    assert.deepStrictEqual(there.spans[0]?.attributes, {
      statement: "ledger.open",
      route: "/api/users/{user_id}",
      tries: 3,
    });
  });

  it.each([
    [
      new DatabaseError({ statement: "x", reason: new StatementUnknown(), cause: "person@flip.example" }),
      "DatabaseError",
    ],
    [{ _tag: "person@flip.example" }, "Defect"],
    [new Error("person@flip.example"), "Defect"],
  ])("that fails has the name of the failure, and nothing else of it", async (error, name) => {
    const there = platform();
    await run(there, Effect.withSpan(Effect.fail(error), "x"));
    await run(there, Effect.withSpan(Effect.failCause(Cause.die(error)), "x"));
    assert.deepStrictEqual(
      there.spans.map(({ exception }) => exception),
      [name, "Defect"],
    );
    assert.notInclude(JSON.stringify(there.spans), "@");
  });

  it("that the platform does not record asks it for no other below it", async () => {
    const there = platform(false);
    const inner = Effect.withSpan(Effect.annotateCurrentSpan("statement", "x"), "inner");
    await run(there, Effect.withSpan(Effect.all([inner, inner]), "outer"));
    assert.strictEqual(there.started(), 1);
    assert.deepStrictEqual(there.spans[0]?.attributes, {});
    assert.isTrue(there.spans[0]?.ended);
  });
});

describe("a spanned program", () => {
  const add = spanned("add")(function* (one: number, two: number) {
    return yield* Effect.succeed(one + two);
  }, Effect.map(String));

  it("answers as it would, and each run of it is a span", async () => {
    const there = platform();
    const three = add(1, 2);
    assert.deepStrictEqual(await run(there, Effect.all([three, three])), Exit.succeed(["3", "3"]));
    assert.deepStrictEqual(
      there.spans.map(({ name, ended }) => [name, ended]),
      [
        ["add", true],
        ["add", true],
      ],
    );
  });

  it("asks for no span where none leave", async () => {
    const there = platform();
    const silent = Effect.provideService(inSpan("all")(add(1, 2)), References.TracerEnabled, false);
    assert.deepStrictEqual(await run(there, silent), Exit.succeed("3"));
    assert.strictEqual(there.started(), 0);
  });
});
