/** The first question of every request: who is calling. Without an answer a caller learns nothing but 401. */
import { Clock, Effect, Option } from "effect";
import { MfaRequired } from "../domain/errors.ts";
import { Directory } from "../ports/directory.ts";
import { Settings } from "../ports/settings.ts";
import { type Caller, TokenVerifier, Unauthenticated } from "../ports/token-verifier.ts";
import { providerUnavailable } from "./authority.ts";

/**
 * Verifies the value of an Authorization header, and the second factor where the deployment wants one. A machine has
 * none: its secret is all that it can have.
 */
export const authenticate = Effect.fn("authenticate")(function* (authorization: string | undefined) {
  const caller = yield* identify(authorization);
  if (caller.isMachine) return caller;
  if (caller.username === null) return yield* new Unauthenticated({ reason: "no username" });
  const { enforceMfa } = yield* Settings;
  if (enforceMfa) yield* requireMfa(caller.sub, caller.username);
  return caller;
});

/** Verifies the token only: for the endpoint that tells a caller to enrol a second factor. */
export const identify = Effect.fn("identify")(function* (authorization: string | undefined) {
  const verifier = yield* TokenVerifier;
  return yield* verifier.verify(authorization);
});

/** How long a caller who was seen with a second factor is believed, in milliseconds: FLIP's minute. */
const ENROLLED_FOR_MS = 60_000;

/** How many callers are remembered; beyond that number all are asked for again, so that memory stays bounded. */
const ENROLLED_MAX = 10_000;

// An isolate's memory of who has enrolled, by `sub`. Only a positive answer is kept, and only an administrator's reset
// makes it wrong, so it does not need to agree with that of other isolates.
const enrolled = new Map<string, number>();

/** After a reset of the second factor the next request asks again. */
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
  // The token of a user who was deleted or disabled still verifies.
  if (profile?.enabled !== true) return yield* new Unauthenticated({ reason: "invalid" });
  if (!profile.totp) return yield* new MfaRequired();
  if (enrolled.size >= ENROLLED_MAX) enrolled.clear();
  enrolled.set(sub, now + ENROLLED_FOR_MS);
});
