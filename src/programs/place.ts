/** Where a page of the users ends, as the text that continues it. */
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";

/** A place in the pool's order. */
export interface Place {
  /** How many users the pool was asked for at once: it continues a list only with the same parameters. */
  readonly limit: number;
  /** What the pool continues from; null: its beginning. */
  readonly token: string | null;
  /** The last user who was shown of what the pool answers there; null: nobody was. */
  readonly after: string | null;
}

// A pool's token holds `+`, `/` and `=`, which a query turns into something else.
const Text = Schema.fromJsonString(
  Schema.Tuple([
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 })),
    Schema.NullOr(Schema.String),
    Schema.NullOr(Schema.String),
  ]),
);
const Cursor = Schema.StringFromBase64Url.pipe(Schema.decodeTo(Text));

const decode = Schema.decodeUnknownOption(Cursor);
const encode = Schema.encodeSync(Cursor);

/** The place that a cursor names; none where it is no cursor of ours. */
export const placeOf = (cursor: string): Option.Option<Place> =>
  Option.map(decode(cursor), ([limit, token, after]) => ({ limit, token, after }));

/** The cursor that names a place. */
export const cursorAt = ({ limit, token, after }: Place): string => encode([limit, token, after]);
