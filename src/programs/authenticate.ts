/** The first question of every request: who is calling. Without an answer a caller learns nothing but 401. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { MfaRequired } from "../domain/errors.ts";
import { Access } from "../ports/access.ts";
import { onceMore } from "../ports/database.ts";
import { Directory } from "../ports/directory.ts";
import { CallerLimit } from "../ports/rate-limit.ts";
import { Settings } from "../ports/settings.ts";
import { type Caller, TokenVerifier, Unauthenticated } from "../ports/token-verifier.ts";
import { spanned } from "../ports/trace.ts";
import { databaseUnavailable, providerUnavailable } from "./authority.ts";

/**
 * Verifies the value of an Authorization header, and the second factor where the deployment wants one. For programs that
 * check a permission themselves: whoever was removed holds none, and hears so by `notRemoved`.
 */
export const authenticate = spanned("authenticate")(function* (authorization: string | undefined) {
  const caller = yield* verify(authorization);
  yield* requireSecondFactor(caller).pipe(notRemoved(caller));
  return caller;
});

/** The same for programs that anybody with a token may run. */
export const authenticatePresent = spanned("authenticatePresent")(function* (
  authorization: string | undefined,
) {
  const caller = yield* identify(authorization);
  yield* requireSecondFactor(caller);
  return caller;
});

/** Without the second factor: for the endpoint that tells a caller to enrol one. */
export const identify = spanned("identify")(function* (authorization: string | undefined) {
  const caller = yield* verify(authorization);
  yield* requirePresent(caller);
  return caller;
});

/** The token is good, and its holder does not ask too often. No store has been asked. */
const verify = Effect.fnUntraced(function* (authorization: string | undefined) {
  const verifier = yield* TokenVerifier;
  const caller = yield* verifier.verify(authorization);
  const admit = yield* CallerLimit;
  yield* admit(caller.sub);
  return caller;
});

/** Fails where this service has removed the caller, or lost them: a token outlives its user, and a machine has none. */
export const requirePresent = Effect.fnUntraced(function* ({ sub, isMachine }: Caller) {
  if (isMachine) return;
  const access = yield* Access;
  const isRemoved = yield* access
    .isRemoved(sub)
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  if (isRemoved) return yield* new Unauthenticated({ reason: "invalid" });
});

/** Where the caller is refused: whom this service has removed hears that, and no more. Costs nothing where they are not. */
export const notRemoved =
  (caller: Caller) =>
  <A, E extends { readonly _tag: string }, R>(program: Effect.Effect<A, E, R>) =>
    Effect.tapError(program, (refusal) =>
      refusal._tag === "Forbidden" || refusal._tag === "MfaRequired" ? requirePresent(caller) : Effect.void,
    );

/** A machine has none: its secret is all that it can have. */
const requireSecondFactor = Effect.fnUntraced(function* ({ sub, username, isMachine }: Caller) {
  if (isMachine) return;
  if (username === null) return yield* new Unauthenticated({ reason: "no username" });
  const { enforceMfa } = yield* Settings;
  if (enforceMfa) yield* requireMfa(sub);
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

const requireMfa = Effect.fnUntraced(function* (sub: Caller["sub"]) {
  const now = yield* Clock.currentTimeMillis;
  if ((enrolled.get(sub) ?? 0) > now) return;
  const directory = yield* Directory;
  const profile = yield* directory
    .profile(sub)
    .pipe(Effect.mapError(providerUnavailable), Effect.map(Option.getOrUndefined));
  // The token of a user who was deleted or disabled still verifies.
  if (profile?.enabled !== true) return yield* new Unauthenticated({ reason: "invalid" });
  if (!profile.totp) return yield* new MfaRequired();
  if (enrolled.size >= ENROLLED_MAX) enrolled.clear();
  enrolled.set(sub, now + ENROLLED_FOR_MS);
});
