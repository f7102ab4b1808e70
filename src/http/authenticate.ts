/** The first thing asked of every request: whose it is. A stranger learns nothing but 401. */
import { Clock, Effect, Option } from "effect";
import { MfaRequired } from "../domain/errors.ts";
import { Directory } from "../ports/directory.ts";
import { type Caller, TokenVerifier, Unauthenticated } from "../ports/token-verifier.ts";
import { Config } from "../settings.ts";
import type { AppContext } from "./handler.ts";
import { providerUnavailable } from "./manager.ts";

/** Verifies the request's bearer token, and the second factor where the deployment wants one. */
export const authenticate = (c: AppContext) =>
  Effect.gen(function* () {
    const caller = yield* authenticateWithoutMfa(c);
    if (caller.username === null) return yield* new Unauthenticated({ reason: "no username" });
    const { ENFORCE_MFA } = yield* Config;
    if (ENFORCE_MFA === "true") yield* requireMfa(caller.sub, caller.username);
  });

/** Verifies the request's bearer token only: for the page that tells a user to enrol. */
export const authenticateWithoutMfa = (c: AppContext) =>
  Effect.gen(function* () {
    const verifier = yield* TokenVerifier;
    const caller = yield* verifier.verify(c.req.header("Authorization"));
    c.set("caller", caller);
    return caller;
  });

/** How long a caller who was seen with a second factor is believed, in milliseconds. */
const ENROLLED_FOR_MS = 60_000;

/** How many callers are remembered; beyond, all are asked for again. */
const ENROLLED_MAX = 10_000;

// An isolate's memory of who has enrolled, by `sub`: only ever a positive answer, which only an administrator's reset
// makes wrong, so it needs to agree with nobody else's.
const enrolled = new Map<string, number>();

/** After a reset the next request asks again. */
export const forgetMfa = (sub: Caller["sub"]): void => {
  enrolled.delete(sub);
};

const requireMfa = Effect.fnUntraced(function* (sub: Caller["sub"], username: string) {
  const now = yield* Clock.currentTimeMillis;
  if ((enrolled.get(sub) ?? 0) > now) return;
  const directory = yield* Directory;
  const profile = yield* directory
    .profile(username as Caller["sub"])
    .pipe(Effect.mapError(providerUnavailable), Effect.map(Option.getOrUndefined));
  // A deleted or disabled user still has a token that verifies.
  if (profile?.enabled !== true) return yield* new Unauthenticated({ reason: "invalid" });
  if (!profile.totp) return yield* new MfaRequired();
  if (enrolled.size >= ENROLLED_MAX) enrolled.clear();
  enrolled.set(sub, now + ENROLLED_FOR_MS);
});
