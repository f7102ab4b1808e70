/** `/.well-known/security.txt`: who is told of a vulnerability. https://www.rfc-editor.org/rfc/rfc9116 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Handler } from "hono";
import type { AppEnv, Runtime } from "./mount.ts";

const DAY_MS = 86_400_000;

/**
 * For how long what is said can be relied on. It is said anew at each request, by a deployment whose settings name the
 * contact: a file would expire while everything it says is still so, or promise what nobody looks after any more.
 */
const GOOD_FOR_DAYS = 90;

/** Answers with the contact, and with where the file is, where that is known. */
export const securityTxt = (runtime: Runtime, contact: string, publicUrl: string | null): Handler<AppEnv> => {
  const text = Effect.map(Clock.currentTimeMillis, (now) => {
    const today = now - (now % DAY_MS);
    const expires = new Date(today + GOOD_FOR_DAYS * DAY_MS).toISOString();
    const canonical = publicUrl === null ? "" : `Canonical: ${publicUrl}/.well-known/security.txt\n`;
    return `Contact: ${contact}\nExpires: ${expires}\nPreferred-Languages: en\n${canonical}`;
  });
  return async (c) => c.text(await runtime.runPromise(text));
};
