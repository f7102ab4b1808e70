/**
 * Reads a request's body, and turns what the schema finds wrong into FLIP's list of violations: every bad field at
 * once, under pydantic's names, without the input.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Predicate from "effect/Predicate";
import * as Schema from "effect/Schema";
import type * as SchemaAST from "effect/SchemaAST";
import type * as SchemaIssue from "effect/SchemaIssue";
import { spanned } from "../ports/trace.ts";
import {
  BodyTooLarge,
  InvalidRequest,
  MalformedBody,
  UnsupportedMediaType,
  type Violation,
} from "./errors.ts";

/** The largest body that is read, in bytes. */
export const BODY_BYTES_MAX = 64 * 1024;

const JSON_TYPE = /^application\/(?:json|[\w.!#$&^+-]+\+json)\s*(?:;|$)/i;

/** Reads a JSON body (RFC 8259: UTF-8; NaN and Infinity are not JSON) and decodes it. */
export const readBody = spanned("readBody")(function* <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  request: Pick<Request, "body" | "headers">,
) {
  if (!JSON_TYPE.test(request.headers.get("Content-Type") ?? "")) return yield* new UnsupportedMediaType();
  const bytes = yield* readAtMost(BODY_BYTES_MAX, request);
  const json = yield* Effect.try({
    try: (): unknown => {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
      return text.trim() === "" ? null : JSON.parse(text);
    },
    catch: () => new MalformedBody(),
  });
  const long = farTooLong(schema, json);
  if (long !== undefined) {
    const violation = { type: "too_long", loc: ["body", long], msg: "List is far too long" };
    return yield* new InvalidRequest({ violations: [violation] });
  }
  return yield* decode(schema, json, ["body"]);
});

/** No list that we take has so many items, and judging each would cost more than the request is worth. */
const ITEMS_MAX = 1000;

/** The field of the schema that has such a list. What the schema does not name is ignored, as FLIP does. */
const farTooLong = (schema: object, json: unknown): string | undefined =>
  Object.keys("fields" in schema ? (schema.fields as object) : {}).find((field) => {
    const value = Predicate.hasProperty(json, field) ? json[field] : undefined;
    return Array.isArray(value) && value.length > ITEMS_MAX;
  });

/** Reads a body of at most so many bytes, and stops at the first that is too many, whatever its length is said to be. */
const readAtMost = Effect.fnUntraced(function* (
  maximum: number,
  { body, headers }: Pick<Request, "body" | "headers">,
) {
  if (Number(headers.get("Content-Length") ?? 0) > maximum) return yield* new BodyTooLarge();
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Array<Uint8Array> = [];
  let size = 0;
  while (true) {
    const { done, value } = yield* Effect.tryPromise({
      try: () => reader.read(),
      catch: () => new MalformedBody(),
    });
    if (done) break;
    size += value.byteLength;
    if (size > maximum) {
      yield* Effect.ignore(Effect.tryPromise(() => reader.cancel()));
      return yield* new BodyTooLarge();
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
});

/**
 * Decodes the parameters of a query. A parameter that the schema does not name is a violation; one without a value
 * counts as absent, unless that has a meaning; without a schema every one is unknown; of one that is repeated the last counts, as in FLIP.
 */
export const readQuery = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S | undefined,
  query: URLSearchParams,
  meaningfulWhenEmpty: ReadonlyArray<string> = [],
): Effect.Effect<S["Type"] | undefined, InvalidRequest> => {
  const given = [...query].filter(([name, value]) => value !== "" || meaningfulWhenEmpty.includes(name));
  if (schema !== undefined) return decode(schema, Object.fromEntries(given), ["query"], "error");
  const names = [...new Set(given.map(([name]) => name))];
  return names.length === 0
    ? Effect.succeed(undefined)
    : Effect.fail(refusal(names.map((name) => ordered({ ...UNKNOWN, loc: ["query", name] }))));
};

/** Decodes a value that came from outside; `loc` says where it stood. */
export const decode = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  value: unknown,
  loc: Violation["loc"],
  onExcessProperty: "ignore" | "error" = "ignore",
): Effect.Effect<S["Type"], InvalidRequest> => {
  // A missing body and a JSON null are the same to FLIP.
  if (value === null) return Effect.fail(new InvalidRequest({ violations: [ordered({ ...MISSING, loc })] }));
  const exit = Schema.decodeUnknownExit(schema)(value, { errors: "all", onExcessProperty });
  if (Exit.isSuccess(exit)) return Effect.succeed(exit.value);
  const failure = Cause.findErrorOption(exit.cause);
  if (failure._tag === "None")
    return Effect.failCause(Cause.map(exit.cause, () => new MalformedBody() as never));
  return Effect.fail(refusal(violations(failure.value.issue, loc)));
};

/** How many violations an answer names: it must not be larger than a few times its request. */
const NAMED_MAX = 20;

const refusal = (all: ReadonlyArray<Violation>): InvalidRequest => {
  const more = all.length - NAMED_MAX;
  return new InvalidRequest({ violations: all.slice(0, NAMED_MAX), ...(more > 0 && { more }) });
};

const named = (annotations: { readonly [key: string]: unknown } | undefined): Named | undefined =>
  annotations?.violation as Named | undefined;

type Named = Omit<Violation, "loc">;

const MISSING: Named = { type: "missing", msg: "Field required" };
const UNKNOWN: Named = { type: "extra_forbidden", msg: "Extra inputs are not permitted" };
const NOT_AN_OBJECT: Named = {
  type: "model_attributes_type",
  msg: "Input should be a valid dictionary or object to extract fields from",
};

const nameOf = (ast: SchemaAST.AST): Named | undefined =>
  named(ast.annotations) ?? (ast._tag === "Objects" ? NOT_AN_OBJECT : undefined);

/** Walks the issue; `inherited` is the name that the nearest schema above gives to a wrong type. */
const violations = (
  issue: SchemaIssue.Issue,
  loc: Violation["loc"],
  inherited?: Named,
): ReadonlyArray<Violation> => {
  switch (issue._tag) {
    case "AnyOf":
      if (issue.issues.length === 0)
        return [ordered({ ...(nameOf(issue.ast) ?? inherited ?? generic), loc })];
      return issue.issues.flatMap((inner) => violations(inner, loc, nameOf(issue.ast) ?? inherited));
    case "Composite":
      return issue.issues.flatMap((inner) => violations(inner, loc, nameOf(issue.ast) ?? inherited));
    case "Pointer": {
      const path = issue.path.map((key) => (Predicate.isNumber(key) ? key : String(key)));
      return violations(issue.issue, [...loc, ...path]);
    }
    case "Encoding":
      return violations(issue.issue, loc, nameOf(issue.ast) ?? inherited);
    case "Filter":
      return [{ ...(named(issue.filter.annotations) ?? inherited ?? generic), loc }].map(ordered);
    case "MissingKey":
      return [ordered({ ...MISSING, loc })];
    case "InvalidType":
      return [ordered({ ...(inherited ?? nameOf(issue.ast) ?? generic), loc })];
    case "UnexpectedKey":
      return [ordered({ ...UNKNOWN, loc })];
    case "InvalidValue":
    case "Forbidden":
    case "OneOf":
      return [ordered({ ...(inherited ?? generic), loc })];
  }
};

const generic: Named = { type: "value_error", msg: "Input is not valid" };

const ordered = ({ type, loc, msg }: Violation): Violation => ({ type, loc, msg });
