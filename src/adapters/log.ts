/**
 * The log: one JSON line per entry, the whole cause in it, and no person's address, no token and no key.
 *
 * Errors are written as data (what failed, what it proves, what caused it), never by a provider's own rendering.
 * As a last net every line is swept for what looks like an address, a bearer token or a connection string.
 */
import { Cause, type Layer, Logger, Predicate, References } from "effect";

/** What must not be in a log. Connection strings come first, because they look like addresses too. */
const NET: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bpostgres(?:ql)?:\/\/[^\s"\\]+/g, "[database]"],
  [/[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+/g, "[address]"],
  [/\beyJ[\w-]+\.[\w-]+\.?[\w-]*/g, "[token]"],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, "[key]"],
];

/** Replaces everything in a line that looks like an address, a token, a key or a connection string. */
export const redact = (line: string): string =>
  NET.reduce((text, [pattern, word]) => text.replace(pattern, word), line);

/** How deep causes are followed: a chain that is longer is a loop. */
const DEPTH_MAX = 6;

/** The fields of an error that are safe and worth having, whoever threw it. */
const WORTH = [
  "operation",
  "statement",
  "dependency",
  "why",
  "reason",
  "code",
  "severity",
  "constraint",
  "problems",
];

/** An error, or a cause with several, as plain data. */
export const report = (value: unknown, depth = 0): unknown => {
  if (depth > DEPTH_MAX) return "…";
  if (Cause.isCause(value)) {
    return value.reasons.map((reason) => {
      if (Cause.isFailReason(reason)) return report(reason.error, depth + 1);
      if (Cause.isDieReason(reason)) return { defect: report(reason.defect, depth + 1) };
      return "interrupted";
    });
  }
  if (!Predicate.isError(value)) return Predicate.isObject(value) ? { ...value } : value;
  const error: Record<string, unknown> = { error: value.name };
  if (value.message !== "") error.message = value.message;
  const fields = value as unknown as Record<string, unknown>;
  for (const key of WORTH) {
    const field = fields[key];
    if (Predicate.hasProperty(field, "_tag")) error[key] = field._tag;
    else if (field !== undefined && field !== null) error[key] = field;
  }
  if (Predicate.hasProperty(value, "$metadata") && Predicate.isObject(value.$metadata)) {
    const { httpStatusCode, requestId } = value.$metadata as Record<string, unknown>;
    error.provider = { httpStatusCode, requestId };
  }
  if (!Predicate.isTagged(value, value.name) && value.stack !== undefined)
    error.stack = value.stack.split("\n", 6);
  const cause = value.cause ?? fields.sourceError;
  if (cause !== undefined && cause !== null) error.cause = report(cause, depth + 1);
  return error;
};

/** One line of the log, safe to write. For the few places that no program runs in; programs use Effect's log. */
export const logLine = (fields: object, errors: ReadonlyArray<unknown>): string => {
  const causes = errors.map((error) => report(error));
  const line = { ...fields, ...(causes.length > 0 && { cause: causes.length === 1 ? causes[0] : causes }) };
  return redact(JSON.stringify(line));
};

const json = Logger.make(({ date, logLevel, message, cause, fiber }) => {
  const parts = Array.isArray(message) ? message : [message];
  const fields = {
    time: date.toISOString(),
    level: logLevel,
    message: parts.filter(Predicate.isString).join(" "),
    ...fiber.getRef(References.CurrentLogAnnotations),
  };
  const errors = parts.filter((part) => !Predicate.isString(part));
  return logLine(fields, cause.reasons.length > 0 ? [...errors, cause] : errors);
});

/** Writes the log to the console, where Workers picks it up. */
export const LogConsole: Layer.Layer<never> = Logger.layer([Logger.withConsoleLog(json)]);
