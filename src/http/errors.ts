/** What can be wrong with a request before any program has seen it. */
import * as Schema from "effect/Schema";

export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {}) {}

export class MethodNotAllowed extends Schema.TaggedError<MethodNotAllowed>()("MethodNotAllowed", {
  allow: Schema.Array(Schema.String),
}) {}

export class UnsupportedMediaType extends Schema.TaggedError<UnsupportedMediaType>()(
  "UnsupportedMediaType",
  {},
) {}

export class BodyTooLarge extends Schema.TaggedError<BodyTooLarge>()("BodyTooLarge", {}) {}

export class MalformedBody extends Schema.TaggedError<MalformedBody>()("MalformedBody", {}) {}

export class InvalidIdempotencyKey extends Schema.TaggedError<InvalidIdempotencyKey>()(
  "InvalidIdempotencyKey",
  {},
) {}

export class InvalidIfMatch extends Schema.TaggedError<InvalidIfMatch>()("InvalidIfMatch", {}) {}

/** One thing wrong with one field, in FLIP's (pydantic's) names. Never holds what was sent. */
export const Violation = Schema.Struct({
  type: Schema.String,
  loc: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
  msg: Schema.String,
});
export type Violation = typeof Violation.Type;

/** `violations`: the first of them. `more`: how many others there are. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  violations: Schema.Array(Violation),
  more: Schema.optionalKey(Schema.Int),
}) {}

/** The path names neither an address nor an id. */
export class InvalidUserKey extends Schema.TaggedError<InvalidUserKey>()("InvalidUserKey", {}) {}

export type RequestError =
  | NotFound
  | MethodNotAllowed
  | UnsupportedMediaType
  | BodyTooLarge
  | MalformedBody
  | InvalidIdempotencyKey
  | InvalidIfMatch
  | InvalidRequest
  | InvalidUserKey;
