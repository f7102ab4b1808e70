/** The ledger's numbers under the names that monitoring systems know them by. A name is stable. */
import { ChangeKind, RegistrationKind } from "../domain/operation.ts";
import type { Count, Metrics } from "../ports/status.ts";
import type { Family, Sample } from "./open-metrics.ts";

type Pair = readonly [kind: string, state: string];

const pairs = (kinds: ReadonlyArray<string>, states: ReadonlyArray<string>): ReadonlyArray<Pair> =>
  kinds.flatMap((kind) => states.map((state): Pair => [kind, state]));

const { literals: registrations } = RegistrationKind;
const { literals: changes } = ChangeKind;

const OPEN = [
  ...pairs(registrations, ["started", "registered", "rolling_back"]),
  ...pairs(changes, ["pending"]),
];

/** Those that end without a reason. */
const CLOSED = [
  ...pairs(registrations, ["completed", "rolled_back", "user_lost"]),
  ...pairs(changes, ["done"]),
];

const sample = ({ count, ...labels }: Count): Sample => ({ labels: { ...labels }, value: count });

/** With a zero for what has not happened yet: a series that begins with its first fault hides that fault. */
const withZeros = <C extends Count>(counts: ReadonlyArray<C>, known: ReadonlyArray<Pair>) => [
  ...known
    .filter(([kind, state]) => !counts.some((one) => one.kind === kind && one.state === state))
    .map(([kind, state]) => ({ labels: { kind, state }, value: 0 })),
  ...counts.map(sample),
];

/** What GET /api/metrics shows. */
export const families = (metrics: Metrics): ReadonlyArray<Family> => [
  {
    name: "registrar_operations_closed",
    type: "counter",
    help: "Operations that have ended, by kind, state, and reason where there is one.",
    samples: withZeros(metrics.closed, CLOSED),
  },
  {
    name: "registrar_operations_open",
    type: "gauge",
    help: "Operations that have not ended.",
    samples: withZeros(metrics.open, OPEN),
  },
  {
    name: "registrar_operations_in_grace_period",
    type: "gauge",
    help: "Operations that have ended, and whose final check is to come.",
    samples: metrics.inGracePeriod.map(sample),
  },
  {
    name: "registrar_operations_due",
    type: "gauge",
    help: "Operations whose next try is due.",
    samples: [{ value: metrics.due }],
  },
  {
    name: "registrar_operations_overdue",
    type: "gauge",
    help: "Operations whose next try has been due for more than 5 minutes: the sweeper does not come.",
    samples: [{ value: metrics.overdue }],
  },
  {
    name: "registrar_operations_needing_operator",
    type: "gauge",
    help: "Operations that wait for a person.",
    samples: [{ value: metrics.needOperator }],
  },
  {
    name: "registrar_oldest_open_operation_age_seconds",
    type: "gauge",
    unit: "seconds",
    help: "How long ago the oldest open operation began. 0: none is open.",
    samples: [{ value: metrics.oldestOpenAge }],
  },
  {
    name: "registrar_newest_closed_operation_timestamp_seconds",
    type: "gauge",
    unit: "seconds",
    help: "When the newest ended operation has ended, since the epoch.",
    samples: metrics.newestClosedAt === null ? [] : [{ value: metrics.newestClosedAt }],
  },
];
