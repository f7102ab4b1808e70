/**
 * The token verifier on jose: RS256 only, keys from the pool's JWKS.
 *
 * Accepts an access token of exactly this pool and one of its app clients, and nothing else. A token's end is exact. The
 * claims are judged in FLIP's order, so that its sentences come out the same.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { UserId } from "../../domain/user.ts";
import { inBackground } from "../../ports/background.ts";
import { Settings } from "../../ports/settings.ts";
import {
  bearerToken,
  SigningKeysUnavailable,
  TokenVerifier,
  Unauthenticated,
} from "../../ports/token-verifier.ts";
import { belowSpan, spanned } from "../../ports/trace.ts";

/** Cognito's clock may be ahead of ours: tokens that were issued "in a second" are common. In seconds. */
const ISSUED_AHEAD_MAX_SECONDS = 30;

/** After so long the keys are read again, behind an answer. A key that we do not know is asked for at once. */
const KEYS_REFRESH_MS = 5 * 60_000;

/** How long good keys are believed while their server is down. Rotation comes with a new key, which is asked for. */
const KEYS_KEPT_MS = 12 * 3_600_000;

const text = (value: unknown): value is string => typeof value === "string" && value !== "";

/** jose reports every trouble of the key set itself as one of these; all other errors are the token's. */
const isKeyTrouble = (cause: unknown): boolean =>
  !(cause instanceof errors.JOSEError) ||
  cause instanceof errors.JWKSTimeout ||
  cause instanceof errors.JWKSInvalid ||
  cause.code === "ERR_JOSE_GENERIC";

/** What a failure of `jwtVerify` means for the caller. */
export const classify = (cause: unknown): Unauthenticated | SigningKeysUnavailable => {
  // jose calls an error by the name of its class, which is another one in a bundle; its code is the same everywhere.
  if (cause instanceof errors.JOSEError) cause.name = cause.code;
  if (isKeyTrouble(cause)) return new SigningKeysUnavailable({ cause });
  return new Unauthenticated({ reason: cause instanceof errors.JWTExpired ? "expired" : "invalid", cause });
};

/** A token has to say which key has signed it: with one key in the pool jose would guess. */
const withKeyId =
  (keys: JWTVerifyGetKey): JWTVerifyGetKey =>
  (header, token) => {
    if (typeof header.kid !== "string") throw new errors.JWKSNoMatchingKey();
    return keys(header, token);
  };

export const TokenVerifierJose = Layer.effect(
  TokenVerifier,
  Effect.gen(function* () {
    const settings = yield* Settings;
    const keys = createRemoteJWKSet(new URL(`${settings.issuers[0]}/.well-known/jwks.json`), {
      timeoutDuration: Duration.toMillis(settings.signingKeysTimeout),
      cacheMaxAge: KEYS_KEPT_MS,
    });
    let refreshedAt = 0;

    /** Reads the keys again once they are some minutes old. Whoever is waiting for an answer does not wait for it. */
    const refresh = Effect.fnUntraced(function* (now: number) {
      if (now - refreshedAt < KEYS_REFRESH_MS) return;
      const known = keys.fresh;
      refreshedAt = now;
      if (!known) return;
      const reload = Effect.tryPromise(() => keys.reload()).pipe(
        Effect.catch((cause) =>
          Effect.logWarning("the signing keys cannot be read again; the known ones go on", cause),
        ),
      );
      yield* inBackground(reload);
    });

    const isOurs = (claims: JWTPayload, nowSeconds: number): boolean =>
      settings.issuers.some((issuer) => issuer === claims.iss) &&
      claims.token_use === "access" &&
      settings.appClientIds.some((client) => client === claims.client_id) &&
      (claims.iat === undefined || claims.iat <= nowSeconds + ISSUED_AHEAD_MAX_SECONDS) &&
      (claims.jti === undefined || typeof claims.jti === "string");

    /**
     * A client-credentials token: its subject is the client, and it names no user.
     * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
     */
    const machineOf = ({ sub, client_id, username }: JWTPayload): UserId | undefined =>
      username === undefined && text(sub) && sub === client_id ? settings.machines.get(sub) : undefined;

    const verify = spanned("TokenVerifier.verify")(function* (authorization: string | undefined) {
      const token = bearerToken(authorization);
      if (token === undefined) return yield* new Unauthenticated({ reason: "missing" });

      const now = yield* Clock.currentTimeMillis;
      yield* refresh(now);
      const below = yield* belowSpan;
      const { payload } = yield* Effect.tryPromise({
        try: () =>
          below(() =>
            jwtVerify(token, withKeyId(keys), {
              algorithms: ["RS256"],
              requiredClaims: ["exp", "iss", "sub", "token_use"],
              currentDate: new Date(now),
            }),
          ),
        catch: classify,
      });

      if (!isOurs(payload, Math.floor(now / 1000))) return yield* new Unauthenticated({ reason: "invalid" });
      if (!text(payload.sub)) return yield* new Unauthenticated({ reason: "no subject" });
      const machine = machineOf(payload);
      if (machine !== undefined) return { sub: machine, username: null, isMachine: true };
      const sub = yield* Schema.decodeUnknownEffect(UserId)(payload.sub).pipe(
        Effect.mapError(() => new Unauthenticated({ reason: "bad subject" })),
      );
      return { sub, username: text(payload.username) ? payload.username : null, isMachine: false };
    });

    const keysAreKnown = Effect.suspend(() =>
      keys.fresh
        ? Effect.void
        : Effect.tryPromise({
            try: () => keys.reload(),
            catch: (cause) => new SigningKeysUnavailable({ cause }),
          }),
    );

    return TokenVerifier.of({ verify, keysAreKnown });
  }),
);
