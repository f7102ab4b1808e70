/**
 * The token verifier on jose: RS256 only, keys from the pool's JWKS.
 *
 * Accepts an access token of exactly this pool and this app client, and nothing else. No leeway on times. The
 * claims are judged in FLIP's order, so that its sentences come out the same.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 */
import { Clock, Duration, Effect, Layer, Schema } from "effect";
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { UserId } from "../../domain/user.ts";
import { Settings } from "../../ports/settings.ts";
import { SigningKeysUnavailable, TokenVerifier, Unauthenticated } from "../../ports/token-verifier.ts";

const BEARER = /^bearer +(\S+)$/i;

const text = (value: unknown): value is string => typeof value === "string" && value !== "";

/** jose reports every trouble of the key set itself as one of these; all other errors are the token's. */
const isKeyTrouble = (cause: unknown): boolean =>
  !(cause instanceof errors.JOSEError) ||
  cause instanceof errors.JWKSTimeout ||
  cause instanceof errors.JWKSInvalid ||
  cause.code === "ERR_JOSE_GENERIC";

/** What a failure of `jwtVerify` means for the caller. */
export const classify = (cause: unknown): Unauthenticated | SigningKeysUnavailable => {
  if (isKeyTrouble(cause)) return new SigningKeysUnavailable({ cause });
  return new Unauthenticated({ reason: cause instanceof errors.JWTExpired ? "expired" : "invalid", cause });
};

export const TokenVerifierJose = Layer.effect(
  TokenVerifier,
  Effect.gen(function* () {
    const settings = yield* Settings;
    const keys = createRemoteJWKSet(new URL(`${settings.issuer}/.well-known/jwks.json`), {
      timeoutDuration: Duration.toMillis(settings.signingKeysTimeout),
    });

    const isOurs = (claims: JWTPayload, nowSeconds: number): boolean =>
      claims.iss === settings.issuer &&
      claims.token_use === "access" &&
      claims.client_id === settings.appClientId &&
      (claims.iat === undefined || claims.iat <= nowSeconds) &&
      (claims.jti === undefined || typeof claims.jti === "string");

    const verify = Effect.fn("TokenVerifier.verify")(function* (authorization: string | undefined) {
      const token = authorization?.match(BEARER)?.[1];
      if (token === undefined) return yield* new Unauthenticated({ reason: "missing" });

      const now = yield* Clock.currentTimeMillis;
      const { payload } = yield* Effect.tryPromise({
        try: () =>
          jwtVerify(token, keys, {
            algorithms: ["RS256"],
            requiredClaims: ["exp", "iss", "sub", "token_use"],
            currentDate: new Date(now),
          }),
        catch: classify,
      });

      if (!isOurs(payload, Math.floor(now / 1000))) return yield* new Unauthenticated({ reason: "invalid" });
      if (!text(payload.sub)) return yield* new Unauthenticated({ reason: "no subject" });
      const sub = yield* Schema.decodeUnknownEffect(UserId)(payload.sub).pipe(
        Effect.mapError(() => new Unauthenticated({ reason: "bad subject" })),
      );
      return { sub, username: text(payload.username) ? payload.username : null };
    });

    return TokenVerifier.of({ verify });
  }),
);
