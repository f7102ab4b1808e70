/**
 * The log: one JSON line per entry, the whole cause in it, and no person's address, no token and no key.
 *
 * Errors are written as data (what failed, what it proves, what caused it), never by a provider's own rendering.
 * Every text is swept for secrets and addresses (redact.ts), and cut; so is the line.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Predicate from "effect/Predicate";
import * as References from "effect/References";
import { type Deployment, Settings } from "../ports/settings.ts";
import { NAMES_A_SECRET, redact, secretsOf } from "./redact.ts";

export { redact } from "./redact.ts";

/** The longest line, in characters. */
const LINE_LENGTH_MAX = 16_000;

/** How much of the causes a line keeps that would be longer, in characters. */
const CAUSES_LENGTH_MAX = 8_000;

/** How many items of a list, and how many fields of an object, are written. */
const ITEMS_MAX = 40;

/** The longest text, in characters. */
const TEXT_LENGTH_MAX = 1000;

/** The longest name of an error, or of a field, in characters. */
const NAME_LENGTH_MAX = 100;

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
  const error: Record<string, unknown> = { error: String(value.name) };
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

/** How many texts and fields one line is made of at the most. */
const PARTS_MAX = 500;

/** Plain data of what is to be logged: every text swept and cut, every list, every depth and the whole bounded. */
const cleaner = (secrets: ReadonlyArray<string>) => {
  let parts = 0;
  const clean = (value: unknown, depth = 0): unknown => {
    parts += 1;
    if (parts > PARTS_MAX || depth > 2 * DEPTH_MAX) return "…";
    if (Predicate.isString(value)) return redact(value, secrets, TEXT_LENGTH_MAX);
    if (Predicate.isBigInt(value)) return String(value);
    if (Array.isArray(value)) {
      const items = value.slice(0, ITEMS_MAX).map((item) => clean(item, depth + 1));
      return items.length < value.length ? [...items, `… ${value.length - items.length} more`] : items;
    }
    if (!Predicate.isObject(value)) return Predicate.isFunction(value) ? undefined : value;
    if (Predicate.isError(value)) return clean(report(value), depth + 1);
    if (Predicate.hasProperty(value, "toJSON") && Predicate.isFunction(value.toJSON))
      return clean(value.toJSON(), depth + 1);
    return Object.fromEntries(
      Object.entries(value)
        .slice(0, ITEMS_MAX)
        .map(([key, field]) => {
          const name = redact(key, secrets, NAME_LENGTH_MAX);
          if (!Predicate.isString(field)) return [name, clean(field, depth + 1)];
          if (NAMES_A_SECRET.test(name)) return [name, "[secret]"];
          parts += 1;
          return [name, redact(field, secrets, name === "error" ? NAME_LENGTH_MAX : TEXT_LENGTH_MAX)];
        }),
    );
  };
  return clean;
};

/**
 * One line of the log, safe to write. For the few places that no program runs in; programs use Effect's log.
 * `deployment`: whose secrets are swept for by their values; null where it could not be read.
 */
export const logLine = (
  fields: object,
  errors: ReadonlyArray<unknown>,
  deployment: Deployment | null = null,
): string => lineOf(deployment === null ? [] : secretsOf(deployment))(fields, errors);

const lineOf =
  (secrets: ReadonlyArray<string>) =>
  (fields: object, errors: ReadonlyArray<unknown>): string => {
    const safe = cleaner(secrets)(fields) as Readonly<Record<string, unknown>>;
    const clean = cleaner(secrets);
    const causes = errors.slice(0, ITEMS_MAX).map((error) => clean(report(error)));
    const cause = causes.length === 1 ? causes[0] : causes;
    const line = JSON.stringify({ ...safe, ...(causes.length > 0 && { cause }) });
    if (line.length <= LINE_LENGTH_MAX) return line;
    const short = JSON.stringify({
      ...safe,
      cause: `${JSON.stringify(cause).slice(0, CAUSES_LENGTH_MAX)}…`,
      cut: true,
    });
    if (short.length <= LINE_LENGTH_MAX) return short;
    const { time, level, message, operationId, requestId } = safe;
    return JSON.stringify({ time, level, message, operationId, requestId, cut: true });
  };

const json = (write: ReturnType<typeof lineOf>) =>
  Logger.make(({ date, logLevel, message, cause, fiber }) => {
    const parts = Array.isArray(message) ? message : [message];
    const fields = {
      time: date.toISOString(),
      level: logLevel,
      message: parts.filter(Predicate.isString).join(" "),
      ...fiber.getRef(References.CurrentLogAnnotations),
    };
    const errors = parts.filter((part) => !Predicate.isString(part));
    return write(fields, cause.reasons.length > 0 ? [...errors, cause] : errors);
  });

/** Writes the log to the console, where Workers picks it up. */
export const LogConsole: Layer.Layer<never, never, Settings> = Layer.unwrap(
  Effect.map(Settings, (deployment) =>
    Logger.layer([Logger.withConsoleLog(json(lineOf(secretsOf(deployment))))]),
  ),
);
