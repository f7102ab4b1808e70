/** The service itself: its name, and that it runs. Nobody needs a token for these. */
import { Effect, Schema } from "effect";
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
