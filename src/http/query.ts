/** What queries of long lists have in common: instants, limits, and the cursor that continues a page. */
import * as Schema from "effect/Schema";
import { violation } from "../domain/user.ts";

const DAY = "(\\d{4})-(\\d{2})-(\\d{2})";
const INSTANT = new RegExp(
  `^${DAY}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?(Z|[+-](?:0\\d|1[0-4]):[0-5]\\d)?)?$`,
);
const CURSOR =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z)_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Whether Postgres can read it: `Date.parse` alone takes the 30th of February, and the year 0, for days. */
const isInstant = (text: string): boolean => {
  const [year = 0, month = 0, day = 0] = text.match(INSTANT)?.slice(1, 4).map(Number) ?? [];
  const date = new Date(Date.UTC(year, month - 1, day));
  return year > 0 && date.getUTCDate() === day && !Number.isNaN(Date.parse(text));
};

const OFFSET = /[+-]\d{2}:\d{2}$/;
const FRACTION = /\.\d+/;

/** The instant in UTC, to the microsecond: a session's own time zone has no say, and a column without one no doubt. */
export const inUtc = (text: string): string => {
  if (!text.includes("T")) return `${text}T00:00:00Z`;
  if (!OFFSET.test(text)) return text.endsWith("Z") ? text : `${text}Z`;
  // An offset is of whole minutes, and leaves the fraction of a second as it is.
  const whole = new Date(Date.parse(text.replace(FRACTION, ""))).toISOString();
  return whole.replace(".000Z", `${FRACTION.exec(text)?.[0] ?? ""}Z`);
};

/** A date, or an instant. */
const instant = (bound: string) =>
  Schema.optionalKey(
    Schema.String.annotate({
      description: `A date in UTC, or an instant: in UTC where it names no offset. ${bound}`,
      examples: ["2026-11-23", "2026-11-23T04:00:00Z"],
    }).check(
      Schema.makeFilter(
        isInstant,
        violation("datetime_parsing", "Input should be a date or an instant, such as 2026-11-23T04:00:00Z"),
      ),
    ),
  );

/** The bounds of a list of what happened when. */
export const Period = {
  from: instant("What happened then is included."),
  until: instant("What happened then is excluded."),
};

/** A whole number in a query, as text. */
export const inRange = (value: string, minimum: number, maximum: number): boolean =>
  /^\d{1,9}$/.test(value) && Number(value) >= minimum && Number(value) <= maximum;

/** How many items a page may have. */
export const limitUpTo = (maximum: number) =>
  Schema.optionalKey(
    Schema.String.annotate({ description: `A whole number from 1 to ${maximum}.` }).check(
      Schema.makeFilter(
        (text: string) => inRange(text, 1, maximum),
        violation("int_parsing", `Input should be a whole number from 1 to ${maximum}`),
      ),
    ),
  );

/** The `next` of an earlier page. */
export const CursorParameter = Schema.optionalKey(
  Schema.String.annotate({ description: "The `next` of an earlier page." }).check(
    Schema.makeFilter(
      (text: string) => isInstant(text.match(CURSOR)?.[1] ?? ""),
      violation("cursor", "Input should be the `next` of an earlier page"),
    ),
  ),
);

interface Cursor {
  readonly at: string;
  readonly id: string;
}

export const parseCursor = (cursor: string | undefined): Cursor | null => {
  const [, at, id] = cursor?.match(CURSOR) ?? [];
  return at === undefined || id === undefined ? null : { at, id };
};

export const writeCursor = (cursor: Cursor | null): string | null => cursor && `${cursor.at}_${cursor.id}`;
