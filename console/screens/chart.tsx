/** Bars, a day each: how many operations began, by what became of them. Its label says the same to who cannot see it. */
import type { Child } from "hono/jsx";

export interface Day {
  readonly date: Date;
  readonly done: number;
  readonly failed: number;
  readonly tracked: number;
}

const KINDS = [
  { key: "done", name: "done" },
  { key: "failed", name: "undone or refused" },
  { key: "tracked", name: "still open" },
] as const;

/** As wide as it is shown, more or less, so that its letters are as large as those beside it. Every so many days have a date. */
const [WIDTH, DATED] = innerWidth < 580 ? [250, 4] : innerWidth < 1000 ? [700, 2] : [1300, 2];
const [HEIGHT, GAP] = [180, 8];

const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** The next number that makes a fair top of a scale. */
function topOf(most: number): number {
  const steps = [4, 8, 12, 20, 40, 60, 100, 200, 400, 600, 1000, 2000];
  return steps.find((step) => step >= most) ?? most;
}

export function Chart({ days }: { readonly days: ReadonlyArray<Day> }) {
  const top = topOf(Math.max(...days.map(({ done, failed, tracked }) => done + failed + tracked)));
  const step = WIDTH / days.length;
  return (
    <figure class="chart">
      <svg viewBox={`-44 -14 ${WIDTH + 54} ${HEIGHT + 40}`} role="img" aria-label={sayDays(days)}>
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line x1={0} x2={WIDTH} y1={HEIGHT * (1 - part)} y2={HEIGHT * (1 - part)} />
            <text x={-8} y={HEIGHT * (1 - part) + 4} text-anchor="end">
              {top * part}
            </text>
          </g>
        ))}
        {days.map((day, index) => (
          <Bar
            key={day.date.getTime()}
            day={day}
            x={index * step + GAP / 2}
            width={step - GAP}
            scale={HEIGHT / top}
          />
        ))}
        {days.map((day, index) =>
          (days.length - 1 - index) % DATED > 0 ? null : (
            <text key={day.date.getTime()} x={(index + 0.5) * step} y={HEIGHT + 20} text-anchor="middle">
              {short.format(day.date)}
            </text>
          ),
        )}
      </svg>
      <figcaption>
        {KINDS.map(({ key, name }) => (
          <span key={key} class={`legend ${key}`}>
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function sayDays(days: ReadonlyArray<Day>): string {
  const said = days.flatMap((day) => {
    const parts = KINDS.filter(({ key }) => day[key] > 0).map(({ key, name }) => `${day[key]} ${name}`);
    return parts.length === 0 ? [] : [`${short.format(day.date)}: ${parts.join(", ")}`];
  });
  return said.join("; ") || "None.";
}

interface BarProps {
  readonly day: Day;
  readonly x: number;
  readonly width: number;
  readonly scale: number;
}

function Bar({ day, x, width, scale }: BarProps) {
  const parts: Child[] = [];
  let y = HEIGHT;
  for (const { key } of KINDS) {
    const height = day[key] * scale;
    y -= height;
    if (height > 0) parts.push(<rect key={key} class={key} x={x} y={y} width={width} height={height} />);
  }
  return <g>{parts}</g>;
}
