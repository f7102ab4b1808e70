/** The first thing asked of every request: whose it is. A stranger learns nothing but 401. */
import { Effect } from "effect";
import { TokenVerifier } from "../services/TokenVerifier.ts";
import type { AppContext } from "./handler.ts";

/** Verifies the request's bearer token and remembers its caller. */
export const authenticate = (c: AppContext) =>
  Effect.gen(function* () {
    const verifier = yield* TokenVerifier;
    c.set("caller", yield* verifier.verify(c.req.header("Authorization")));
  });
