/** What a vendor's library calls a failure: a name that may be kept and shown, and never a text. */
import * as Predicate from "effect/Predicate";

/** The longest name that is kept. */
const NAME_LENGTH_MAX = 64;

/** Vendors name their exceptions in letters alone; keys and tokens have digits. */
const IDENTIFIER = /^[A-Za-z]+$/;

/** What every error is called that nobody has named. */
const NAMELESS = new Set(["Error", "TypeError", "NeonDbError"]);

const TIMEOUTS = new Set(["TimeoutError", "AbortError"]);

/** How deep a cause is looked for. */
const DEPTH_MAX = 3;

/**
 * An SQLSTATE, an exception's name, or `timeout`; undefined where the failure has no name of its own. Only what looks
 * like an identifier passes: a provider that puts a text, an address or a key there is not quoted.
 */
export const failureName = (cause: unknown, depth = 0): string | undefined => {
  if (depth > DEPTH_MAX || !Predicate.isObject(cause)) return undefined;
  const { name, code, sourceError } = cause as Readonly<Record<string, unknown>>;
  if (Predicate.isString(code) && /^[0-9A-Z]{5}$/.test(code)) return code;
  if (!Predicate.isString(name) || NAMELESS.has(name)) return failureName(sourceError, depth + 1);
  if (TIMEOUTS.has(name)) return "timeout";
  return name.length <= NAME_LENGTH_MAX && IDENTIFIER.test(name) ? name : undefined;
};
