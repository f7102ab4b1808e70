/** Reads what a statement has answered. */
import * as DateTime from "effect/DateTime";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";

/** Decodes an answer. One that does not have the shape its statement promises is a bug, not an outcome. */
export const decodeRow =
  <S extends Schema.ConstraintDecoder<unknown>>(schema: S) =>
  (value: unknown) =>
    Schema.decodeUnknownEffect(schema)(value).pipe(Effect.orDie);

const ZONE = /(?:Z|[+-]\d{2}:?\d{2})$/;
const MICROSECONDS = /\.(\d{1,6})/;

/** Postgres' ISO text in UTC, to the microsecond: a column without a zone holds UTC already. */
export const toUtc = (text: string): string => {
  const micros = (text.match(MICROSECONDS)?.[1] ?? "").padEnd(6, "0");
  const whole = text.replace(MICROSECONDS, "");
  const instant = DateTime.make(ZONE.test(whole) ? whole : `${whole}Z`);
  if (Option.isNone(instant)) return text;
  return DateTime.formatIso(instant.value).replace(/\.\d{3}Z$/, `.${micros}Z`);
};

/** Before every row of its time, in the order of lists. */
export const NIL = "00000000-0000-0000-0000-000000000000";

/**
 * The place after which a page of a list begins: its cursor's, or the end of what was asked for where that comes later in
 * the list. One bound, so that an index is entered there.
 */
export const startOf = (cursor: Place | null, until: string | null): Place | { at: null; id: null } => {
  if (until === null) return cursor ?? { at: null, id: null };
  const end = { at: toUtc(until), id: NIL };
  return cursor === null || cursor.at >= end.at ? end : cursor;
};

interface Place {
  readonly at: string;
  readonly id: string;
}
