/** Times: in the viewer's zone, with UTC at hand; or in UTC, for all of the page, by one button. */
import { makeStore } from "../session/store.ts";
import { Button } from "./parts.tsx";

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const inUtc = makeStore(false);

const formats = (timeZone: string) => ({
  whole: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone }),
  short: new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZone,
  }),
});
const LOCAL = formats(zone);
const UTC = formats("UTC");

export const utcText = (at: string): string => `${UTC.whole.format(new Date(at))} UTC`;

const UNITS: ReadonlyArray<readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number]> = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "always" });

/** How far away something is: “in 5 minutes”, “3 days ago”. */
export function awayText(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return Math.abs(seconds) < 5 ? "now" : relative.format(Math.round(seconds / size), unit);
}

/** An instant. The other way to say it is its title. */
export function Time({ at, away = false }: { readonly at: string; readonly away?: boolean }) {
  const utc = inUtc.use();
  const date = new Date(at);
  const shown = utc ? `${UTC.short.format(date)} UTC` : LOCAL.short.format(date);
  const other = utc ? `${LOCAL.whole.format(date)} (${zone})` : utcText(at);
  return (
    <time datetime={at} title={away ? `${shown} · ${other}` : other}>
      {away ? awayText(at) : shown}
    </time>
  );
}

/** Switches all times of the page. */
export function ZoneButton() {
  const utc = inUtc.use();
  return (
    <Button kind="quiet" pressed={utc} onClick={() => inUtc.set(!utc)}>
      Times in UTC
    </Button>
  );
}
