/**
 * The bridge from Hono to Effect: a handler is a program that answers, and whatever it fails with is answered and
 * logged here, once.
 */
import { Cause, Effect, Option } from "effect";
import type { Context, Handler } from "hono";
import type { Runtime, Services } from "../runtime.ts";
import { withBudget } from "../services/Budget.ts";
import type { Caller } from "../services/TokenVerifier.ts";
import { type HttpError, internalProblem, type Problem, problemResponse, toProblem } from "./problem.ts";

export interface AppEnv {
  Bindings: object;
  Variables: { requestId: string; caller: Caller };
}

export type AppContext = Context<AppEnv>;

/** A request's program: it answers, or fails with an error that http/problem.ts knows. */
export type Program = (c: AppContext) => Effect.Effect<Response, HttpError, Services>;

/** Makes programs into handlers that run on the given runtime, within the request budget. */
export const makeHandler = (runtime: Runtime, budgetSeconds: number) => {
  const run = (c: AppContext, program: Effect.Effect<Response | undefined, HttpError, Services>) =>
    runtime.runPromise(
      program.pipe(
        withBudget(budgetSeconds * 1000),
        Effect.tap(noteSuccess),
        Effect.catchCause((cause) => answer(cause, c.get("requestId"))),
        Effect.annotateLogs({ requestId: c.get("requestId"), route: c.req.routePath, method: c.req.method }),
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
     * Runs a program when the answer is ready, off the caller's path. The isolate is held until it is done; if it
     * fails, that is logged and left to the sweeper.
     */
    inBackground: (c: AppContext, program: Effect.Effect<unknown, unknown, Services>): void => {
      const quiet = program.pipe(
        Effect.catchCause((cause) => Effect.logWarning("left to the sweeper", cause)),
        Effect.annotateLogs({ requestId: c.get("requestId") }),
      );
      c.executionCtx.waitUntil(runtime.runPromise(quiet));
    },
  };
};

export type Handlers = ReturnType<typeof makeHandler>;

const answer = Effect.fnUntraced(function* (cause: Cause.Cause<HttpError>, requestId: string) {
  const problem = Option.match(Cause.findErrorOption(cause), {
    onNone: () => internalProblem,
    onSome: toProblem,
  });
  yield* note(problem, cause);
  return problemResponse(problem, requestId);
});

const noteSuccess = (response: Response | undefined) => {
  if (response === undefined) return Effect.void;
  const registrationId = response.headers.get("Registration-Id");
  return Effect.logInfo("request answered").pipe(
    Effect.annotateLogs({ status: response.status, ...(registrationId && { registrationId }) }),
  );
};

/** What an operator has to see is logged with its cause; a caller's own mistake only by its name. */
const note = (problem: Problem, cause: Cause.Cause<HttpError>) => {
  const { status, code, outcome, registrationId } = problem;
  const about = Effect.annotateLogs({ status, code, outcome, ...(registrationId && { registrationId }) });
  if (status >= 500) return Effect.logError("request failed", cause).pipe(about);
  return Effect.logInfo("request refused").pipe(about);
};
