/**
 * Who is calling: an access token of the pool, verified without a round trip once the keys are known.
 *
 * The layer behind it is Jose.ts.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { UserId } from "../domain/user.ts";

/**
 * The token is missing or no good. `reason` picks the sentence; `cause` is for the log alone.
 * RFC 6750, section 3: no error code where no credentials were sent, `invalid_token` otherwise.
 */
export class Unauthenticated extends Schema.TaggedError<Unauthenticated>()("Unauthenticated", {
  reason: Schema.Literals(["missing", "invalid", "expired", "no subject", "bad subject", "no username"]),
  cause: Schema.optionalKey(Schema.Defect()),
}) {}

/** The pool's signing keys cannot be read, so no token can be judged. */
export class SigningKeysUnavailable extends Schema.TaggedError<SigningKeysUnavailable>()(
  "SigningKeysUnavailable",
  { cause: Schema.Defect() },
) {}

/** Whoever holds an access token of the pool: a user, or a machine. */
export interface Caller {
  /** Of a machine: the id that follows from the pool and the app client. */
  readonly sub: UserId;
  /** The `username` claim: in a pool with e-mail sign-in it equals `sub`. Null where the token has none. */
  readonly username: string | null;
  /** An app client that calls in its own name (client credentials), without a user. */
  readonly isMachine: boolean;
}

/**
 * The token of an Authorization header that carries one. The scheme is written in any case.
 * https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export const bearerToken = (authorization: string | undefined): string | undefined =>
  authorization?.match(/^bearer +(\S+)$/i)?.[1];

export class TokenVerifier extends Context.Service<
  TokenVerifier,
  {
    /** Verifies the value of an Authorization header. */
    readonly verify: (
      authorization: string | undefined,
    ) => Effect.Effect<Caller, Unauthenticated | SigningKeysUnavailable>;
    /** Fails unless the pool's signing keys are known. Reads them where they are not, or are too old to be believed. */
    readonly keysAreKnown: Effect.Effect<void, SigningKeysUnavailable>;
  }
>()("registrar/ports/TokenVerifier") {}
