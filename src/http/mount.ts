/**
 * The list of routes as a Hono application: each request is one Effect program that says who calls, decodes what was
 * sent, runs the route's program and answers. Failures are answered and logged here, once.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as ManagedRuntime from "effect/ManagedRuntime";
import * as Option from "effect/Option";
import type { Context, Hono } from "hono";
import { KeepAlive } from "../ports/background.ts";
import { Awake, Budget } from "../ports/budget.ts";
import { spanned } from "../ports/trace.ts";
import { authenticate, authenticatePresent, identify, notRemoved } from "../programs/authenticate.ts";
import { MethodNotAllowed } from "./errors.ts";
import { idempotencyKey } from "./idempotency.ts";
import { ifMatch } from "./if-match.ts";
import { isMetricsToken } from "./metrics-token.ts";
import { internalProblem, type Problem, problemResponse, toProblem } from "./problem.ts";
import type { HttpError } from "./problems.ts";
import type { Page, Pages, Route, Services } from "./route.ts";
import { decode, readBody, readQuery } from "./validation.ts";

export interface AppEnv {
  /** What the entry says of a request. `clientAddress`: where it comes from; undefined where nobody knows. */
  Bindings: { readonly clientAddress: string | undefined };
  Variables: { requestId: string };
}

type AppContext = Context<AppEnv>;

/** Runs programs with the services of one deployment. */
export type Runtime = ManagedRuntime.ManagedRuntime<Services, never>;

/** What mounting needs: the runtime, how long one request may take, and where the pages of problems are. */
export interface Mounting {
  readonly runtime: Runtime;
  readonly budget: Duration.Duration;
  readonly publicUrl: string | null;
}

/** Adds every route to the application, and a 405 with `Allow` for the methods that a path does not know. */
export const mount = (app: Hono<AppEnv>, routes: ReadonlyArray<Route>, mounting: Mounting): void => {
  for (const route of routes.toSorted(fixedFirst)) {
    app.on(route.method, honoPath(route.path), (c) =>
      mounting.runtime.runPromise(answer(c, route, mounting)),
    );
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const problem = toProblem(new MethodNotAllowed({ allow: allowed(routes, path) }));
    const { publicUrl } = mounting;
    app.all(honoPath(path), (c) => problemResponse(problem, { requestId: c.get("requestId"), publicUrl }));
  }
};

/** The application takes the first path that fits: one of fixed words stands before one with parameters. */
const fixedFirst = (a: Route, b: Route): number =>
  Number(a.path.includes("{")) - Number(b.path.includes("{"));

/** Every method of a path (RFC 9110, section 15.5.6); HEAD stands beside GET. */
export const allowed = (routes: ReadonlyArray<Route>, path: string): ReadonlyArray<string> =>
  routes
    .filter((route) => route.path === path)
    .flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));

/** `/api/users/{user_id}` → `/api/users/:user_id` */
const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");

const answer = (c: AppContext, route: Route, { runtime, budget, publicUrl }: Mounting) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    respond(c, route, runtime).pipe(
      Effect.tap(noteSuccess),
      Effect.catchCause((cause) => refuse(c, cause, publicUrl)),
      Effect.provideService(Budget, now + Duration.toMillis(budget)),
      Effect.provideService(Awake, { known: false }),
      Effect.provideService(KeepAlive, (work) =>
        c.executionCtx.waitUntil(new Promise<void>((done) => work.addObserver(() => done()))),
      ),
      Effect.annotateLogs(labels(c, route)),
    ),
  );

const labels = (c: AppContext, { path, method }: Route) => ({
  requestId: c.get("requestId"),
  route: path,
  method,
});

// In FLIP's order: who calls, then what was sent. Only a caller with a good token learns what is wrong with a request.
const respond = spanned("request")(function* (c: AppContext, route: Route, runtime: Runtime) {
  yield* Effect.annotateCurrentSpan({ route: route.path, method: route.method });
  const authorization = c.req.header("Authorization");
  const caller = yield* CALLERS[route.needs](authorization);
  const expected = route.conditional ? yield* ifMatch(c.req.raw.headers.get("If-Match")) : undefined;
  const input = {
    caller,
    params: route.params && (yield* decode(route.params, c.req.param(), ["path"])),
    query: yield* query(c.req.url, route),
    idempotencyKey: route.idempotent ? yield* idempotencyKey(c.req.header("Idempotency-Key")) : null,
    ifMatch: expected === undefined ? {} : { ifMatch: expected },
    body: route.body && (yield* body(c.req.raw, route.body, route.bodyOptional)),
    accept: c.req.header("Accept") ?? "",
  };
  const program = route.program(input as Parameters<Route["program"]>[0]);
  const answered = yield* caller === undefined ? program : program.pipe(notRemoved(caller));
  const { status, headers = {} } = answered;
  if ("body" in answered) {
    const type = route.answers[status]?.type;
    const text = type === undefined ? JSON.stringify(answered.body) : String(answered.body);
    // Said here: what Response.json says is not the same in every runtime.
    return new Response(text, {
      status,
      headers: { "Content-Type": type ?? "application/json", ...headers },
    });
  }
  const { pages } = answered;
  const content = { "Content-Type": pages.type, ...headers };
  return new Response(stream(pages, runtime, labels(c, route)), { status, headers: content });
});

/** Who is heard. */
const CALLERS = {
  nothing: () => Effect.succeed(undefined),
  identity: identify,
  token: authenticatePresent,
  CAN_MANAGE_USERS: authenticate,
  METRICS_TOKEN: Effect.fnUntraced(function* (authorization: string | undefined) {
    return (yield* isMetricsToken(authorization)) ? undefined : yield* authenticate(authorization);
  }),
};

/** Where no parameter is declared, none is known. A probe that needs no token may carry what it likes. */
const query = (url: string, { needs, query: schema, meaningfulWhenEmpty }: Route) =>
  needs === "nothing"
    ? Effect.succeed(undefined)
    : readQuery(schema, new URL(url).searchParams, meaningfulWhenEmpty);

const body = (request: Request, schema: NonNullable<Route["body"]>, optional?: true) =>
  optional && request.headers.get("Content-Type") === null
    ? decode(schema, {}, ["body"])
    : readBody(schema, request);

/**
 * A body that is written page by page. Where a page cannot be read the body breaks off, so that nobody takes a part
 * for the whole.
 */
const stream = (pages: Pages, runtime: Runtime, annotations: object): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder();
  const rest = (cursor: unknown) =>
    pages.rest(cursor).pipe(
      Effect.tapCause((cause) => Effect.logError("an export broke off", cause)),
      Effect.annotateLogs(annotations as Record<string, unknown>),
    );
  let page: Page<unknown, unknown> | undefined = pages.first;
  let { head } = pages;
  return new ReadableStream({
    async pull(controller) {
      if (page === undefined) return controller.close();
      controller.enqueue(encoder.encode(head + page.entries.map(pages.write).join("")));
      head = "";
      page = page.next === null ? undefined : await runtime.runPromise(rest(page.next));
    },
  });
};

const refuse = Effect.fnUntraced(function* (
  c: AppContext,
  cause: Cause.Cause<HttpError>,
  publicUrl: string | null,
) {
  const problem = Option.match(Cause.findErrorOption(cause), {
    onNone: () => internalProblem(c.req.method === "GET" ? "nothing_created" : "unknown"),
    onSome: toProblem,
  });
  yield* noteProblem(problem, cause);
  return problemResponse(problem, { requestId: c.get("requestId"), publicUrl });
});

const noteSuccess = (response: Response) => {
  const operationId = response.headers.get("Operation-Id");
  return Effect.logInfo("request answered").pipe(
    Effect.annotateLogs({ status: response.status, ...(operationId && { operationId }) }),
  );
};

/** What an operator has to see is logged with its cause; a caller's own mistake only by its name. */
const noteProblem = (problem: Problem, cause: Cause.Cause<HttpError>) => {
  const { status, code, outcome, operationId } = problem;
  const about = Effect.annotateLogs({ status, code, outcome, ...(operationId && { operationId }) });
  if (status >= 500) return Effect.logError("request failed", cause).pipe(about);
  return Effect.logInfo("request refused").pipe(about);
};
