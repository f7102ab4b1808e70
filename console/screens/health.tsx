/** Whether the service can do its work, what the ledger counts, and how many operations there were each day. */
import type { Child } from "hono/jsx";
import { answered, get, type Heard, withQuery } from "../api/call.ts";
import type { Operation, Page, Ready } from "../api/wire.ts";
import { Button, Card, Glyph } from "../ui/parts.tsx";
import { shown } from "../ui/problem.tsx";
import { useReading } from "../ui/reading.ts";
import { awayText, Time } from "../ui/time.tsx";
import { Chart, type Day } from "./chart.tsx";

const CHECKS: Readonly<Record<string, readonly [name: string, fine: string]>> = {
  database: ["Database", "Postgres answers"],
  schema: ["Tables", "The migrations that this version needs have run"],
  signingKeys: ["Sign-in keys", "The keys that sign the pool's tokens are known"],
  operations: ["Sweeper", "It comes when something is due"],
};

/** Readiness. A service that is not ready says so with 503, and the same body. */
async function readReady(): Promise<Heard<Ready>> {
  const answer = await fetch("/api/ready").catch(() => undefined);
  const body = (await answer?.json().catch(() => undefined)) as Ready | undefined;
  return body?.checks === undefined ? { is: "silence" } : answered(body);
}

/** The numbers of OpenMetrics text, by name: those without labels, and the sums of those with. */
export function parseMetrics(text: string): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [, name = "", value = ""] = /^([a-z_]+)(?:\{.*\})? (\S+)/.exec(line) ?? [];
    if (name !== "") numbers[name] = (numbers[name] ?? 0) + Number(value);
  }
  return numbers;
}

/** How many days are shown, and how many pages of operations are read for that at the most. */
const DAYS = 14;
const PAGES = 10;

interface Past {
  readonly days: ReadonlyArray<Day>;
  /** When the sweeper, or whoever did its work, has moved something last. */
  readonly sweptAt: string | undefined;
  /** There are more than were counted. */
  readonly more: boolean;
}

const dayOf = (at: Date): string => `${at.getFullYear()}-${at.getMonth()}-${at.getDate()}`;

async function readPast(): Promise<Heard<Past>> {
  const now = new Date();
  const from = new Date(now.getFullYear(), now.getMonth(), now.getDate() - DAYS + 1);
  const operations: Operation[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const heard = await get<Page<Operation>>(
      withQuery("/api/operations", { from: from.toISOString(), limit: 200, cursor }),
    );
    if (heard.is !== "answer") return heard;
    operations.push(...heard.body.items);
    cursor = heard.body.next ?? undefined;
    if (cursor === undefined) break;
  }
  return answered({
    days: countDays(from, operations),
    sweptAt: lastSwept(operations),
    more: cursor !== undefined,
  });
}

const ENDED_WELL = ["completed", "done", "registered"];
const ENDED_OTHERWISE = ["rejected", "rolled_back", "refused", "user_lost"];

function countDays(from: Date, operations: ReadonlyArray<Operation>): ReadonlyArray<Day> {
  const days = Array.from({ length: DAYS }, (_, index) => {
    const date = new Date(from.getFullYear(), from.getMonth(), from.getDate() + index);
    return { date, done: 0, failed: 0, tracked: 0 };
  });
  for (const { startedAt, state } of operations) {
    const day = days.find(({ date }) => dayOf(date) === dayOf(new Date(startedAt)));
    if (day === undefined) continue;
    if (ENDED_WELL.includes(state ?? "")) day.done++;
    else if (ENDED_OTHERWISE.includes(state ?? "")) day.failed++;
    else day.tracked++;
  }
  return days;
}

const lastSwept = (operations: ReadonlyArray<Operation>): string | undefined =>
  operations
    .flatMap(({ history = [] }) => history.filter(({ by }) => by === "sweeper").map(({ at }) => at))
    .toSorted()
    .at(-1);

export function HealthScreen() {
  const ready = useReading("ready", readReady);
  const metrics = useReading("metrics", () => get<string>("/api/metrics"));
  const past = useReading("past", readPast);
  const again = () => {
    void ready.again();
    void metrics.again();
    void past.again();
  };
  const busy = ready.busy || metrics.busy || past.busy;
  return (
    <>
      <div class="heading">
        <h1 id="heading" tabindex={-1}>
          Health
        </h1>
        <Button busy={busy && ready.value !== undefined} onClick={again}>
          Look again
        </Button>
      </div>
      {shown(ready, "whether the service is ready", (value) => (
        <Readiness ready={value} />
      ))}
      <Card head="In the ledger now">
        {shown(metrics, "the numbers", (text) => (
          <Numbers numbers={parseMetrics(text)} sweptAt={past.value?.sweptAt} />
        ))}
      </Card>
      <Card head={`Operations of the last ${DAYS} days`}>
        {shown(past, "the days", ({ days, more }) => (
          <>
            <Chart days={days} />
            {more ? (
              <p class="hint">
                Only the newest {PAGES * 200} are counted: earlier days have more than is shown.
              </p>
            ) : null}
          </>
        ))}
      </Card>
    </>
  );
}

const Readiness = ({ ready: { ready, checks } }: { readonly ready: Ready }) => (
  <section class={`readiness ${ready ? "done" : "failed"}`} aria-label="Readiness">
    <h2>
      <Glyph of={ready ? "done" : "failed"} />
      {ready ? "Ready: everything is as it should be" : "Not ready: something has to be mended"}
    </h2>
    <ul class="checks">
      {Object.entries(checks).map(([check, state]) => {
        const [name, fine] = CHECKS[check] ?? [check, ""];
        return (
          <li key={check}>
            <Glyph of={state === "ok" ? "done" : state === "failing" ? "failed" : "doubt"} />
            <span>
              <strong>{name}</strong>
              <span class="quiet">
                {state === "ok"
                  ? fine
                  : state === "failing"
                    ? "Failing: the log says why"
                    : "Could not be asked"}
              </span>
            </span>
          </li>
        );
      })}
    </ul>
  </section>
);

interface NumbersProps {
  readonly numbers: Readonly<Record<string, number>>;
  readonly sweptAt: string | undefined;
}

function Numbers({ numbers, sweptAt }: NumbersProps) {
  const of = (name: string) => numbers[`registrar_${name}`] ?? 0;
  const age = of("oldest_open_operation_age_seconds");
  const newest = numbers.registrar_newest_closed_operation_timestamp_seconds;
  const overdue = of("operations_overdue");
  return (
    <dl class="numbers">
      <Figure
        name="Open"
        value={of("operations_open")}
        says={age === 0 ? "none" : `the oldest began ${agoText(age)}`}
      />
      <Figure
        name="Wait for a person"
        value={of("operations_needing_operator")}
        says={<a href="#/needs-you">Needs you</a>}
      />
      <Figure name="Due" value={of("operations_due")} says="the sweeper's next" />
      <Figure
        name="Overdue"
        value={overdue}
        says={overdue > 0 ? "the sweeper does not come" : "the sweeper comes"}
      />
      <Figure
        name="Final checks to come"
        value={of("operations_in_grace_period")}
        says="ended, and looked at once more"
      />
      <Figure
        name="Ended so far"
        value={of("operations_closed_total")}
        says={
          newest === undefined ? (
            ""
          ) : (
            <>
              the last <Time at={new Date(newest * 1000).toISOString()} away />
            </>
          )
        }
      />
      <div>
        <dt>Sweeper last had work</dt>
        <dd>
          <strong>{sweptAt ? awayText(sweptAt) : "—"}</strong>
          <span class="quiet">{sweptAt ? <Time at={sweptAt} /> : "not in these days"}</span>
        </dd>
      </div>
    </dl>
  );
}

const agoText = (seconds: number): string => awayText(new Date(Date.now() - seconds * 1000).toISOString());

const Figure = ({
  name,
  value,
  says,
}: {
  readonly name: string;
  readonly value: number;
  readonly says: Child;
}) => (
  <div>
    <dt>{name}</dt>
    <dd>
      <strong>{value.toLocaleString("en-GB")}</strong>
      <span class="quiet">{says}</span>
    </dd>
  </div>
);
