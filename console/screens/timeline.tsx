/** What happened to a user: the operations of the ledger and the lines of the audit trail, newest first. */
import type { AuditEntry, Operation } from "../api/wire.ts";
import { Who } from "../ui/people.tsx";
import { Time } from "../ui/time.tsx";
import { byOf, isOpen, kindOf, moveOf, reasonIn, stateOf } from "../words.ts";

interface TimelineProps {
  readonly operations: ReadonlyArray<Operation>;
  readonly trail: ReadonlyArray<AuditEntry>;
}

type Event =
  | { readonly at: string; readonly key: string; readonly operation: Operation }
  | { readonly at: string; readonly key: string; readonly entry: AuditEntry };

/** The line of an operation has its id: what both tell of is shown once, with what each knows of it. */
function eventsOf({ operations, trail }: TimelineProps): ReadonlyArray<Event> {
  const events: Event[] = [
    ...operations.map((operation) => ({
      at: operation.startedAt,
      key: `o${operation.operationId}`,
      operation,
    })),
    ...trail.map((entry) => ({ at: entry.at, key: `a${entry.id}`, entry })),
  ];
  return events.toSorted((a, b) => b.at.localeCompare(a.at));
}

export function Timeline(props: TimelineProps) {
  const events = eventsOf(props);
  if (events.length === 0) return <p class="quiet">Nothing that Registrar knows of.</p>;
  return (
    <ol class="timeline">
      {events.map((event) => (
        <li
          key={event.key}
          class={"operation" in event ? (isOpen(event.operation) ? "open" : "ledger") : "audit"}
        >
          <span class="when">
            <Time at={event.at} />
          </span>
          {"operation" in event ? <OfLedger operation={event.operation} /> : <OfTrail entry={event.entry} />}
        </li>
      ))}
    </ol>
  );
}

const OfLedger = ({ operation }: { readonly operation: Operation }) => (
  <div>
    <p>
      <strong>
        {kindOf(operation)}: {stateOf(operation.state)}
      </strong>{" "}
      <span class="source">ledger</span>
    </p>
    {reasonIn(operation.reason) ? <p>{reasonIn(operation.reason)}</p> : null}
    <details>
      <summary>
        {operation.history?.length ?? 0} steps
        <span class="unseen"> of the {kindOf(operation).toLowerCase()}</span>
      </summary>
      <Steps operation={operation} />
    </details>
  </div>
);

/** The history of an operation, as a list. */
export const Steps = ({ operation }: { readonly operation: Operation }) => (
  <ol class="steps">
    {(operation.history ?? []).map((step) => (
      <li key={`${step.at}${step.state}`}>
        {moveOf(step.state)} by {step.who ? <Who id={step.who} /> : byOf(step.by)}, <Time at={step.at} />
        {step.note ? <span class="quiet"> · {step.note}</span> : null}
      </li>
    ))}
  </ol>
);

const OfTrail = ({ entry }: { readonly entry: AuditEntry }) => (
  <div>
    <p>
      <strong>{entry.action}</strong> <span class="source">audit</span>
    </p>
    <p>
      by <Who id={entry.actor} />
      <RoleChange entry={entry} />
      {entry.denials && entry.denials.count > 1 ? ` · ${entry.denials.count} times` : ""}
    </p>
  </div>
);

/** What a line says of roles: those that came, and those that went. */
export function RoleChange({ entry: { roles } }: { readonly entry: AuditEntry }) {
  if (roles === null) return null;
  const { before, after } = roles;
  const only = (some: typeof before, others: typeof before) =>
    some.filter((one) => !others.some(({ id }) => id === one.id));
  const name = ({ id, rolename }: (typeof before)[number]) => rolename ?? `${id.slice(0, 8)}…`;
  const [came, went] = [only(after, before), only(before, after)];
  return (
    <span class="change">
      {came.map((role) => (
        <ins key={role.id}>{name(role)}</ins>
      ))}
      {went.map((role) => (
        <del key={role.id}>{name(role)}</del>
      ))}
    </span>
  );
}
