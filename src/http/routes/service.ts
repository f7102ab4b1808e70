/** The service itself: its name, that it runs, whether it can do its work, and its numbers. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { readMetrics } from "../../programs/metrics.ts";
import { REUSED_FOR_MS, ready } from "../../programs/ready.ts";
import { families } from "../ledger-metrics.ts";
import { OPEN_METRICS, openMetrics } from "../open-metrics.ts";
import { route } from "../route.ts";

/** FLIP's welcome. */
export const welcome = route(
  {
    id: "welcome",
    method: "GET",
    path: "/api",
    area: "Service",
    summary: "Says which service this is",
    needs: "nothing",
    answers: {
      200: {
        means: "The service answers.",
        body: Schema.Struct({ message: Schema.String }).annotate({ identifier: "Welcome" }),
      },
    },
    fails: [],
  },
  () => Effect.succeed({ status: 200 as const, body: { message: "Welcome to Registrar" } }),
);

/** FLIP's liveness. Neither store is asked. */
export const health = route(
  {
    id: "health",
    method: "GET",
    path: "/api/health",
    area: "Service",
    summary: "Says that the service runs; it asks neither Cognito nor Postgres",
    needs: "nothing",
    answers: {
      200: {
        means: "The service runs.",
        body: Schema.Struct({ status: Schema.Literal("ok"), message: Schema.String }).annotate({
          identifier: "Health",
        }),
      },
    },
    fails: [],
  },
  () =>
    Effect.succeed({
      status: 200 as const,
      body: { status: "ok" as const, message: "registrar is running" },
    }),
);

const Check = Schema.Literals(["ok", "failing", "unknown"]);

const Ready = Schema.Struct({
  ready: Schema.Boolean,
  checks: Schema.Struct({
    database: Check.annotate({ description: "Postgres answers." }),
    schema: Check.annotate({ description: "The migrations that this version needs have run." }),
    signingKeys: Check.annotate({ description: "The keys that sign the pool's tokens are known." }),
    operations: Check.annotate({
      description: "No operation should have been tried again more than 5 minutes ago.",
    }),
  }),
}).annotate({ identifier: "Ready" });

/** For a probe that decides where requests go, or wakes somebody. What fails, and why, is for the log. */
export const readiness = route(
  {
    id: "readiness",
    method: "GET",
    path: "/api/ready",
    area: "Service",
    summary: "Says whether the service can do its work",
    details:
      "Asks Postgres, and has the signing keys. An answer is given again for 10 seconds. Polling it keeps a database awake that would sleep otherwise. `unknown`: it could not be asked, because another check fails.",
    needs: "nothing",
    answers: {
      200: { means: "Everything is as it should be.", body: Ready },
      503: {
        means: "Something is not. The log says what.",
        body: Ready,
        headers: { "Retry-After": Schema.String },
      },
    },
    fails: [],
  },
  Effect.fnUntraced(function* () {
    const checks = yield* ready();
    if (Object.values(checks).every((check) => check === "ok"))
      return { status: 200 as const, body: { ready: true, checks } };
    const headers = { "Retry-After": String(REUSED_FOR_MS / 1000) };
    return { status: 503 as const, body: { ready: false, checks }, headers };
  }),
);

/** How the operations are, as OpenMetrics, counted in the ledger: no isolate knows what the others do. */
export const metrics = route(
  {
    id: "metrics",
    method: "GET",
    path: "/api/metrics",
    area: "Service",
    summary: "Shows how many operations there are, as OpenMetrics",
    details:
      "Counted in the ledger: how many are open, how many were closed, what is due, and how many need an operator. Takes the token of somebody who manages users, or the deployment's METRICS_TOKEN. Polling it keeps a database awake that would sleep otherwise.",
    needs: "METRICS_TOKEN",
    answers: {
      200: { means: "The numbers.", body: Schema.String, type: OPEN_METRICS },
    },
    fails: ["Forbidden", "DatabaseRefused", ["Unavailable", "database_unavailable"]],
  },
  Effect.fnUntraced(function* ({ caller }) {
    return { status: 200 as const, body: openMetrics(families(yield* readMetrics(caller?.sub))) };
  }),
);
