/**
 * The bridge from Hono to Effect: a handler is a program that answers, and whatever it fails with is answered and
 * logged here, once.
 */
import { Cause, Clock, Effect, Option } from "effect";
import type { Context, Handler } from "hono";
import type { Runtime, Services } from "../layers.ts";
import { Budget } from "../ports/budget.ts";
import type { Caller } from "../ports/token-verifier.ts";
import { type HttpError, internalProblem, type Problem, problemResponse, toProblem } from "./problem.ts";

export interface AppEnv {
  Bindings: object;
  Variables: {
    requestId: string;
    caller: Caller;
    /** When the request's budget is over, in milliseconds; set by its first program. */
    endsAt?: number;
  };
}

export type AppContext = Context<AppEnv>;

/** A request's program: it answers, or fails with an error that http/problem.ts knows. */
export type Program = (c: AppContext) => Effect.Effect<Response, HttpError, Services>;

/** Makes programs into handlers that run on the given runtime, within the request budget. */
export const makeHandler = (runtime: Runtime, budgetSeconds: number) => {
  const annotated = <A, E>(c: AppContext, program: Effect.Effect<A, E, Services>) =>
    Effect.annotateLogs(program, {
      ...{ requestId: c.get("requestId"), route: c.req.routePath, method: c.req.method },
    });

  /** One budget for all the programs of a request. */
  const withinRequest =
    (c: AppContext) =>
    <A, E>(program: Effect.Effect<A, E, Services>) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const endsAt = c.get("endsAt") ?? now + budgetSeconds * 1000;
        c.set("endsAt", endsAt);
        return Effect.provideService(program, Budget, endsAt);
      });

  const run = (c: AppContext, program: Effect.Effect<Response | undefined, HttpError, Services>) =>
    runtime.runPromise(
      program.pipe(
        withinRequest(c),
        Effect.tap(noteSuccess),
        Effect.catchCause((cause) => answer(cause, c)),
        (answered) => annotated(c, answered),
      ),
    );

  return {
    /** A handler that runs a program. */
    handle:
      (program: Program): Handler<AppEnv> =>
      async (c) =>
        (await run(c, program(c))) as Response,

    /** A middleware that runs a program first, and goes on unless it failed. */
    before:
      (program: (c: AppContext) => Effect.Effect<void, HttpError, Services>): Handler<AppEnv> =>
      async (c, next) => {
        const refused = await run(c, Effect.as(program(c), undefined));
        if (refused !== undefined) return refused;
        return next();
      },

    /**
     * A body that is written page by page, as its reader takes it. Where a page cannot be read the body breaks off,
     * so that nobody takes a part for the whole.
     */
    stream: <Item, Cursor>(c: AppContext, source: Pages<Item, Cursor>): ReadableStream<Uint8Array> => {
      const encoder = new TextEncoder();
      const rest = (cursor: Cursor) =>
        Effect.tapCause(source.rest(cursor), (cause) => Effect.logError("an export broke off", cause));
      let page: Page<Item, Cursor> | undefined = source.first;
      let head = source.head;
      return new ReadableStream({
        async pull(controller) {
          if (page === undefined) return controller.close();
          controller.enqueue(encoder.encode(head + page.entries.map(source.write).join("")));
          head = "";
          page = page.next === null ? undefined : await runtime.runPromise(annotated(c, rest(page.next)));
        },
      });
    },

    /**
     * Runs a program when the answer is ready, off the caller's path. The isolate is held until it is done; if it
     * fails, that is logged and left to the sweeper.
     */
    inBackground: (c: AppContext, program: Effect.Effect<unknown, unknown, Services>): void => {
      const quiet = program.pipe(
        Effect.catchCause((cause) => Effect.logWarning("left to the sweeper", cause)),
      );
      c.executionCtx.waitUntil(runtime.runPromise(annotated(c, quiet)));
    },
  };
};

interface Page<Item, Cursor> {
  readonly entries: ReadonlyArray<Item>;
  readonly next: Cursor | null;
}

/** How a body is made of pages: what comes before them, the first of them, how to get the rest, how to write one. */
interface Pages<Item, Cursor> {
  readonly head: string;
  readonly first: Page<Item, Cursor>;
  readonly rest: (cursor: Cursor) => Effect.Effect<Page<Item, Cursor>, HttpError, Services>;
  readonly write: (item: Item) => string;
}

export type Handlers = ReturnType<typeof makeHandler>;

const answer = Effect.fnUntraced(function* (cause: Cause.Cause<HttpError>, c: AppContext) {
  const problem = Option.match(Cause.findErrorOption(cause), {
    onNone: () => internalProblem(c.req.method === "GET" ? "nothing_created" : "tracked"),
    onSome: toProblem,
  });
  yield* note(problem, cause);
  return problemResponse(problem, c.get("requestId"));
});

const noteSuccess = (response: Response | undefined) => {
  if (response === undefined) return Effect.void;
  const operationId = response.headers.get("Operation-Id");
  return Effect.logInfo("request answered").pipe(
    Effect.annotateLogs({ status: response.status, ...(operationId && { operationId }) }),
  );
};

/** What an operator has to see is logged with its cause; a caller's own mistake only by its name. */
const note = (problem: Problem, cause: Cause.Cause<HttpError>) => {
  const { status, code, outcome, operationId } = problem;
  const about = Effect.annotateLogs({ status, code, outcome, ...(operationId && { operationId }) });
  if (status >= 500) return Effect.logError("request failed", cause).pipe(about);
  return Effect.logInfo("request refused").pipe(about);
};
