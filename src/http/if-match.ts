/**
 * The If-Match request header: `*`, or a list of entity tags. Ours are strong; one that a network has weakened on its way
 * (`W/"…"`) is taken for what it was. https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1
 */
import * as Effect from "effect/Effect";
import type { IfMatch } from "../domain/user.ts";
import { InvalidIfMatch } from "./errors.ts";

const TAG = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"';
const LIST = new RegExp(`^[ \\t,]*${TAG}(?:[ \\t]*,[ \\t,]*${TAG})*[ \\t,]*$`);
const OPAQUE = /"([^"]*)"/g;

/** Which entity tags are named, without quotes; undefined where the request has no such header. */
export const ifMatch = (header: string | null): Effect.Effect<IfMatch | undefined, InvalidIfMatch> => {
  if (header === null) return Effect.succeed(undefined);
  if (header.trim() === "*") return Effect.succeed("*");
  return LIST.test(header)
    ? Effect.succeed([...header.matchAll(OPAQUE)].map(([, opaque = ""]) => opaque))
    : Effect.fail(new InvalidIfMatch());
};

/** An entity tag as a header has it. */
export const etagHeader = (etag: string | null): Readonly<Record<string, string>> =>
  etag === null ? {} : { ETag: `"${etag}"` };
