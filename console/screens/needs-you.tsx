/** What is not finished: what waits for a person first, then what Registrar brings to its end by itself. */
import { useEffect, useState } from "hono/jsx/dom";
import { answered, get, type Heard } from "../api/call.ts";
import { needsYou } from "../api/needs.ts";
import type { Operation, Page } from "../api/wire.ts";
import { Button, Empty } from "../ui/parts.tsx";
import { shown } from "../ui/problem.tsx";
import { useReading } from "../ui/reading.ts";
import { place } from "../ui/route.ts";
import { isOpen } from "../words.ts";
import { OperationCard } from "./operation-card.tsx";

/** What the service filters by, one list for each: it takes one state at a time. */
const LISTS = [
  "needsOperator=true",
  "state=started",
  "state=rolling_back",
  "state=pending",
  "state=registered",
];

/** How often it is looked again while somebody looks at it and something is open, in milliseconds. */
const EVERY_MS = 20_000;

interface Found {
  readonly operations: ReadonlyArray<Operation>;
  /** There are more than are shown. */
  readonly more: boolean;
}

/** Everything that is open or needs a person, and besides the one that the address names, whatever has become of it. */
async function find(named: string | undefined): Promise<Heard<Found>> {
  const lists = await Promise.all(
    LISTS.map((filter) => get<Page<Operation>>(`/api/operations?${filter}&limit=50`)),
  );
  const found = new Map<string, Operation>();
  let more = false;
  for (const heard of lists) {
    if (heard.is !== "answer") return heard;
    more ||= heard.body.next !== null;
    for (const one of heard.body.items) found.set(one.operationId, one);
  }
  if (named !== undefined && !found.has(named)) {
    const heard = await get<Operation>(`/api/operations/${named}`);
    if (heard.is === "answer") found.set(named, heard.body);
  }
  const operations = [...found.values()].toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  needsYou.set(operations.filter((one) => one.needsOperator).length);
  return answered({ operations, more });
}

export function NeedsYouScreen() {
  const named = place.use().query.operation;
  const found = useReading(`needs ${named}`, () => find(named));
  // What was just resolved stays in its place, so that one sees what became of it.
  const [resolved, keepResolved] = useState<ReadonlyMap<string, Operation>>(new Map());
  const open = found.value?.operations ?? [];
  const listed = [
    ...open.map((one) => resolved.get(one.operationId) ?? one),
    ...[...resolved.values()].filter(
      (one) => !open.some(({ operationId }) => operationId === one.operationId),
    ),
  ];
  const [stuck, cared] = [
    listed.filter((one) => one.needsOperator),
    listed.filter((one) => !one.needsOperator),
  ];
  const waiting = cared.some(isOpen);
  const { again } = found;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => document.hidden || void again(), EVERY_MS);
    return () => clearInterval(timer);
  }, [waiting]);
  const keep = (operation: Operation) =>
    keepResolved(new Map([...resolved, [operation.operationId, operation]]));
  const lookAgain = () => {
    keepResolved(new Map());
    void again();
  };
  return (
    <>
      <div class="heading">
        <h1 id="heading" tabindex={-1}>
          Needs you
        </h1>
        <Button busy={found.busy && found.value !== undefined} onClick={lookAgain}>
          Look again
        </Button>
      </div>
      {shown(found, "what is open", ({ more }) =>
        listed.length === 0 ? (
          <Empty head="Nothing needs you">
            <p>Every user is whole, in both stores, and nothing is half done.</p>
          </Empty>
        ) : (
          <>
            <p class="lead" role="status">
              {sayHowMany(stuck.length, cared.filter(isOpen).length)}
            </p>
            <Group head="Waiting for a person" operations={stuck} keep={keep} />
            <Group head="Registrar goes on with these by itself" operations={cared} keep={keep} />
            {more ? (
              <p class="hint">There are more than are shown here. They come up when these have ended.</p>
            ) : null}
          </>
        ),
      )}
    </>
  );
}

function sayHowMany(stuck: number, open: number): string {
  const first =
    stuck === 0
      ? "Nothing waits for a person."
      : stuck === 1
        ? "One waits for a person."
        : `${stuck} wait for a person.`;
  const second =
    open === 0
      ? ""
      : open === 1
        ? " One more is on its way to its end."
        : ` ${open} more are on their way to their end.`;
  return `${first}${stuck === 0 && open > 0 ? second.replace(" more", "") : second}`;
}

interface GroupProps {
  readonly head: string;
  readonly operations: ReadonlyArray<Operation>;
  readonly keep: (operation: Operation) => void;
}

const Group = ({ head, operations, keep }: GroupProps) =>
  operations.length === 0 ? null : (
    <section class="group" aria-label={head}>
      <h2>{head}</h2>
      {operations.map((operation) => (
        <OperationCard key={operation.operationId} operation={operation} onChange={keep} />
      ))}
    </section>
  );
