/**
 * Reads a request's body, and turns what the schema finds wrong into FLIP's list of violations: every bad field at
 * once, under pydantic's names, without the input.
 */
import { Cause, Effect, Exit, Predicate, Schema, type SchemaAST, type SchemaIssue } from "effect";
import { InvalidRequest, MalformedBody, UnsupportedMediaType, type Violation } from "./errors.ts";

/** The largest body that is read, in bytes. */
export const BODY_BYTES_MAX = 64 * 1024;

const JSON_TYPE = /^application\/(?:json|[\w.!#$&^+-]+\+json)\s*(?:;|$)/i;

/** Reads a JSON body (RFC 8259: UTF-8; NaN and Infinity are not JSON) and decodes it. */
export const readBody = Effect.fn("readBody")(function* <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  request: {
    readonly header: (name: "Content-Type") => string | undefined;
    readonly arrayBuffer: () => Promise<ArrayBuffer>;
  },
) {
  if (!JSON_TYPE.test(request.header("Content-Type") ?? "")) return yield* new UnsupportedMediaType();
  const json = yield* Effect.tryPromise({
    try: async (): Promise<unknown> => {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(
        await request.arrayBuffer(),
      );
      return text.trim() === "" ? null : JSON.parse(text);
    },
    catch: () => new MalformedBody(),
  });
  return yield* decode(schema, json, ["body"]);
});

/** Decodes a value that came from outside; `loc` says where it stood. */
export const decode = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  value: unknown,
  loc: Violation["loc"],
): Effect.Effect<S["Type"], InvalidRequest> => {
  // A missing body and a JSON null are the same to FLIP.
  if (value === null) return Effect.fail(new InvalidRequest({ violations: [ordered({ ...MISSING, loc })] }));
  const exit = Schema.decodeUnknownExit(schema)(value, { errors: "all" });
  if (Exit.isSuccess(exit)) return Effect.succeed(exit.value);
  const failure = Cause.findErrorOption(exit.cause);
  if (failure._tag === "None")
    return Effect.failCause(Cause.map(exit.cause, () => new MalformedBody() as never));
  return Effect.fail(new InvalidRequest({ violations: violations(failure.value.issue, loc) }));
};

const named = (annotations: { readonly [key: string]: unknown } | undefined): Named | undefined =>
  annotations?.violation as Named | undefined;

type Named = Omit<Violation, "loc">;

const MISSING: Named = { type: "missing", msg: "Field required" };
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
    case "InvalidValue":
    case "UnexpectedKey":
    case "Forbidden":
    case "OneOf":
      return [ordered({ ...(inherited ?? generic), loc })];
  }
};

const generic: Named = { type: "value_error", msg: "Input is not valid" };

const ordered = ({ type, loc, msg }: Violation): Violation => ({ type, loc, msg });
