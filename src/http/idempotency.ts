/**
 * The Idempotency-Key request header: an RFC 8941 string (`"8e03…"`), or as a leniency a bare word.
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
import * as Effect from "effect/Effect";
import { InvalidIdempotencyKey } from "./errors.ts";

const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x2b\x2d-\x7e]+$/;

/** The longest key that is kept, in characters. */
const LENGTH_MAX = 255;

/** The key, without its quotes; null where the request has none. */
export const idempotencyKey = (
  header: string | undefined,
): Effect.Effect<string | null, InvalidIdempotencyKey> => {
  if (header === undefined) return Effect.succeed(null);
  const value = header.trim();
  const key = value.match(QUOTED)?.[1]?.replace(/\\(.)/g, "$1") ?? value.match(BARE)?.[0] ?? "";
  return key.length >= 1 && key.length <= LENGTH_MAX
    ? Effect.succeed(key)
    : Effect.fail(new InvalidIdempotencyKey());
};
