/**
 * The application: what every request passes, and the routes.
 *
 * Every path answers with and without a trailing slash; nothing is redirected, so no Location is ever made from a
 * Host header.
 */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { Hono } from "hono/tiny";
import { consolePage } from "./http/console.ts";
import { NotFound } from "./http/errors.ts";
import { limitClients } from "./http/limit.ts";
import { type AppEnv, mount } from "./http/mount.ts";
import { internalProblem, problemResponse, toProblem } from "./http/problem.ts";
import { routes } from "./http/routes/all.ts";
import { securityTxt } from "./http/security-txt.ts";
import { logLine, type Runtime } from "./layers/shared.ts";
import type { Deployment } from "./ports/settings.ts";

/** Builds the application on one deployment's runtime. */
export const makeApp = (runtime: Runtime, deployment: Deployment) => {
  const { publicUrl } = deployment;
  const app = new Hono<AppEnv>({ strict: false });
  app.use(requestId(), secureHeaders(), noStore);
  if (deployment.corsOrigins.length > 0) app.use(crossOrigin(deployment.corsOrigins));
  // Behind CORS, so that a page of another origin can read the refusal.
  if (deployment.rateLimit) app.use(limitClients(runtime, publicUrl));

  mount(app, routes, { runtime, budget: deployment.requestBudget, publicUrl });

  app.get("/console", consolePage(deployment));
  if (deployment.securityContact !== null)
    app.get("/.well-known/security.txt", securityTxt(runtime, deployment.securityContact, publicUrl));

  app.notFound((c) =>
    problemResponse(toProblem(new NotFound()), { requestId: c.get("requestId"), publicUrl }),
  );
  app.onError((error, c) => {
    const requestId = c.get("requestId");
    console.error(
      logLine(
        { level: "Error", message: "request failed outside its program", requestId },
        [error],
        deployment,
      ),
    );
    return problemResponse(internalProblem("unknown"), { requestId, publicUrl });
  });
  return app;
};

/** Answers are about persons and outcomes of one moment: no cache may keep them. */
const noStore: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  // Whoever transforms an answer weakens its entity tag, or takes it away.
  c.header("Cache-Control", c.res.headers.has("ETag") ? "no-store, no-transform" : "no-store");
  // hono/request-id sets it before the handler, and a handler's own Response does not inherit that.
  c.header("X-Request-Id", c.get("requestId"));
};

const crossOrigin = (origins: ReadonlyArray<string>) =>
  cors({
    origin: (origin) => (origins.includes(origin) ? origin : null),
    allowMethods: ["GET", "HEAD", "POST", "PUT", "DELETE"],
    allowHeaders: ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Request-Id"],
    credentials: true,
    maxAge: 600,
    exposeHeaders: [
      "Content-Disposition",
      "ETag",
      "Idempotency-Replayed",
      "Operation-Id",
      "Retry-After",
      "X-Request-Id",
    ],
  });
