/** The metrics are OpenMetrics, by the rules of its specification, and their names stay. */
import { assert, describe, it } from "@effect/vitest";
import { families } from "../../src/http/ledger-metrics.ts";
import { type Family, openMetrics } from "../../src/http/open-metrics.ts";
import type { Metrics } from "../../src/ports/status.ts";
import { IDLE, readOpenMetrics } from "../support/open-metrics.ts";

const busy: Metrics = {
  closed: [
    { kind: "register", state: "completed", reason: "", count: 41 },
    { kind: "register", state: "rejected", reason: "user_exists", count: 2 },
  ],
  open: [{ kind: "remove", state: "pending", count: 3 }],
  inGracePeriod: [{ kind: "register", state: "rolled_back", count: 1 }],
  due: 2,
  overdue: 1,
  needOperator: 4,
  oldestOpenAge: 12.5,
  newestClosedAt: 1_795_000_000.25,
};

const read = (metrics: Metrics) => readOpenMetrics(openMetrics(families(metrics)));
const numberOf = (metrics: Metrics, name: string, labels: object = {}) =>
  read(metrics).find((one) => one.name === name && JSON.stringify(one.labels) === JSON.stringify(labels))
    ?.value;

describe("the metrics", () => {
  it("are OpenMetrics when nothing has happened, and when much has", () => {
    assert.isNotEmpty(read(IDLE));
    assert.isNotEmpty(read(busy));
  });

  it("show each number under its name", () => {
    const label = (kind: string, state: string) => ({ kind, state });
    assert.deepStrictEqual(
      [
        numberOf(busy, "registrar_operations_closed_total", label("register", "completed")),
        numberOf(busy, "registrar_operations_closed_total", {
          ...label("register", "rejected"),
          reason: "user_exists",
        }),
        numberOf(busy, "registrar_operations_open", label("remove", "pending")),
        numberOf(busy, "registrar_operations_in_grace_period", label("register", "rolled_back")),
        numberOf(busy, "registrar_operations_due"),
        numberOf(busy, "registrar_operations_overdue"),
        numberOf(busy, "registrar_operations_needing_operator"),
        numberOf(busy, "registrar_oldest_open_operation_age_seconds"),
        numberOf(busy, "registrar_newest_closed_operation_timestamp_seconds"),
      ],
      [41, 2, 3, 1, 2, 1, 4, 12.5, 1_795_000_000.25],
    );
  });

  it("have a zero for what has not happened yet, so that the first time shows as a rise", () => {
    const labels = { kind: "register", state: "rolled_back" };
    assert.strictEqual(numberOf(IDLE, "registrar_operations_closed_total", labels), 0);
    assert.strictEqual(numberOf(IDLE, "registrar_operations_open", { kind: "invite", state: "pending" }), 0);
    assert.isUndefined(numberOf(IDLE, "registrar_newest_closed_operation_timestamp_seconds"));
  });

  it("escape whatever a label or a help may hold", () => {
    const odd = 'a "quoted" \\ and\na line';
    const family: Family = {
      name: "x",
      type: "gauge",
      help: odd,
      samples: [{ labels: { kind: odd }, value: 1 }],
    };
    assert.deepStrictEqual(readOpenMetrics(openMetrics([family])), [
      { name: "x", labels: { kind: odd }, value: 1 },
    ]);
  });
});

describe("the reader of OpenMetrics", () => {
  it.each([
    ["no end", "# TYPE a gauge\na 1\n"],
    ["something after the end", "# EOF\na 1\n"],
    ["a line of two blanks", "# TYPE a gauge\na  1\n# EOF\n"],
    ["a sample of no family", "a 1\n# EOF\n"],
    ["a counter without _total", "# TYPE a counter\na 1\n# EOF\n"],
    ["a counter whose family has _total", "# TYPE a_total counter\na_total_total 1\n# EOF\n"],
    ["a counter below zero", "# TYPE a counter\na_total -1\n# EOF\n"],
    ["a unit that is not in the name", "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n"],
    ["a type after a sample", "# TYPE a gauge\na 1\n# HELP a x\n# EOF\n"],
    ["families that are interleaved", "# TYPE a gauge\n# TYPE b gauge\nb 1\n# HELP a x\n# EOF\n"],
    ["one series twice", '# TYPE a gauge\na{b="1"} 1\na{b="1"} 2\n# EOF\n'],
    ["a label twice", '# TYPE a gauge\na{b="1",b="2"} 1\n# EOF\n'],
    ["a quote that is not escaped", '# TYPE a gauge\na{b="""} 1\n# EOF\n'],
    ["an empty line", "# TYPE a gauge\n\na 1\n# EOF\n"],
    ["a comment", "# hello\n# EOF\n"],
  ])("refuses %s", (_, text) => {
    assert.throws(() => readOpenMetrics(text), /no OpenMetrics/);
  });
});
