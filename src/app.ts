/**
 * The HTTP face: what every request passes, and which program answers which path.
 *
 * Every path answers with and without a trailing slash; nothing is redirected, so no Location is ever made from a
 * Host header.
 */
import { Effect } from "effect";
import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { logLine } from "./adapters/log.ts";
import { authenticate, authenticateWithoutMfa } from "./http/authenticate.ts";
import { BodyTooLarge, MethodNotAllowed, NotFound } from "./http/errors.ts";
import { type AppEnv, makeHandler } from "./http/handler.ts";
import { internalProblem, problemResponse, toProblem } from "./http/problem.ts";
import { getAudit } from "./http/routes/audit.ts";
import { deleteUser, inviteAgain, postRoles, putUser, resetMfa } from "./http/routes/changes.ts";
import { getOperation, listOperations, resolveOperation } from "./http/routes/operations.ts";
import { registerUser, registerUserWithRoles } from "./http/routes/registrations.ts";
import { getMfaStatus, getPermissions, getUser, listRoles, listUsers } from "./http/routes/users.ts";
import { BODY_BYTES_MAX } from "./http/validation.ts";
import type { Runtime } from "./layers.ts";
import type { Settings } from "./settings.ts";

/** Builds the application on one deployment's runtime. */
export const makeApp = (runtime: Runtime, settings: Settings) => {
  const app = new Hono<AppEnv>({ strict: false });
  const handlers = makeHandler(runtime, settings.REQUEST_BUDGET_SECONDS);
  const authenticated = handlers.before(authenticate);
  const limited = bodyLimit({
    maxSize: BODY_BYTES_MAX,
    onError: (c) => problemResponse(toProblem(new BodyTooLarge()), c.get("requestId")),
  });

  app.use(requestId(), secureHeaders(), noStore);
  if (settings.corsOrigins.length > 0) app.use(crossOrigin(settings.corsOrigins));

  app.get("/api", (c) => c.json({ message: "Welcome to Registrar" }));
  app.get("/api/health", (c) => c.json({ status: "ok", message: "registrar is running" }));
  const identified = handlers.before((c) => Effect.asVoid(authenticateWithoutMfa(c)));
  app.post("/api/users", authenticated, limited, registerUser(handlers));
  app.post("/api/step/users", authenticated, limited, registerUserWithRoles(handlers));

  app.get("/api/users/me/mfa/status", identified, getMfaStatus(handlers));
  app.get("/api/users", authenticated, listUsers(handlers));
  app.get("/api/users/:user", authenticated, getUser(handlers));
  app.put("/api/users/:user", authenticated, limited, putUser(handlers));
  app.delete("/api/users/:user", authenticated, deleteUser(handlers));
  app.get("/api/users/:user/permissions", authenticated, getPermissions(handlers));
  app.post("/api/users/:user/roles", authenticated, limited, postRoles(handlers));
  app.post("/api/users/:user/invitation", authenticated, inviteAgain(handlers));
  app.post("/api/users/:user/mfa/reset", authenticated, resetMfa(handlers));
  app.get("/api/roles", authenticated, listRoles(handlers));

  app.get("/api/audit", authenticated, getAudit(handlers));
  app.get("/api/operations", authenticated, listOperations(handlers));
  app.get("/api/operations/:id", authenticated, getOperation(handlers));
  app.post("/api/operations/:id/resolve", authenticated, limited, resolveOperation(handlers));

  refuseOtherMethods(app);
  app.notFound((c) => problemResponse(toProblem(new NotFound()), c.get("requestId")));
  app.onError((error, c) => {
    const requestId = c.get("requestId");
    console.error(
      logLine({ level: "Error", message: "request failed outside its program", requestId }, [error]),
    );
    return problemResponse(internalProblem("tracked"), requestId);
  });
  return app;
};

/** Answers are about persons and outcomes of one moment: no cache may keep them. */
const noStore: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  c.header("Cache-Control", "no-store");
  // hono/request-id sets it before the handler, and a handler's own Response does not inherit that.
  c.header("X-Request-Id", c.get("requestId"));
};

const crossOrigin = (origins: ReadonlyArray<string>) =>
  cors({
    origin: (origin) => (origins.includes(origin) ? origin : null),
    allowMethods: ["GET", "HEAD", "POST", "PUT", "DELETE"],
    credentials: true,
    maxAge: 600,
    exposeHeaders: ["Idempotency-Replayed", "Operation-Id", "Retry-After", "X-Request-Id"],
  });

/** 405 with every method that a path knows (RFC 9110, section 15.5.6), before anybody is asked for a token. */
const refuseOtherMethods = (app: Hono<AppEnv>) => {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === "ALL") continue;
    methods.set(path, (methods.get(path) ?? new Set()).add(method));
  }
  for (const [path, known] of methods) {
    if (known.has("GET")) known.add("HEAD");
    const problem = toProblem(new MethodNotAllowed({ allow: [...known] }));
    app.all(path, (c) => problemResponse(problem, c.get("requestId")));
  }
};
