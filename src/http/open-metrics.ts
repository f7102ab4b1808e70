/**
 * Writes numbers as OpenMetrics text.
 * https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */

/** The media type of the text. */
export const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** One number, and what it is about. A label without a value is left out: to OpenMetrics they are the same. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A family of numbers. A counter's name has no `_total`, which is written; the unit is a part of the name. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly unit?: string;
  readonly help: string;
  readonly samples: ReadonlyArray<Sample>;
}

const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

const labelSet = (labels: Readonly<Record<string, string>>): string => {
  const written = Object.entries(labels)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}="${escaped(value)}"`);
  return written.length === 0 ? "" : `{${written.join(",")}}`;
};

const familyLines = ({ name, type, unit, help, samples }: Family): ReadonlyArray<string> => [
  `# TYPE ${name} ${type}`,
  ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
  `# HELP ${name} ${escaped(help)}`,
  ...samples.map(
    ({ labels = {}, value }) => `${name}${type === "counter" ? "_total" : ""}${labelSet(labels)} ${value}`,
  ),
];

/** The families as one exposition. */
export const openMetrics = (families: ReadonlyArray<Family>): string =>
  [...families.flatMap(familyLines), "# EOF", ""].join("\n");
