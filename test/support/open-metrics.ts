/**
 * Reads OpenMetrics text as strictly as its specification is written, and says what is wrong with it: no package of npm
 * does. Only the types that Registrar writes are known: counters and gauges.
 * https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */

import type { Metrics } from "../../src/ports/status.ts";

/** The numbers of a ledger that is empty. */
export const IDLE: Metrics = {
  closed: [],
  open: [],
  inGracePeriod: [],
  due: 0,
  overdue: 0,
  needOperator: 0,
  oldestOpenAge: 0,
  newestClosedAt: null,
};

/** A number, with its labels, as it was read. */
export interface Read {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const ESCAPED = /^(?:[^"\\]|\\["\\n])*$/;
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`;
const NUMBER = "[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?Inf(?:inity)?|NaN";
const DESCRIPTOR = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME}) (.*)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL})(?:,${LABEL})*)?\\})? (${NUMBER})$`);

/** Every number of a text. Throws where a line is not what the specification allows. */
export const readOpenMetrics = (text: string): ReadonlyArray<Read> => {
  const wrong = (why: string): never => {
    throw new Error(`no OpenMetrics: ${why}`);
  };
  if (text.includes("\r")) wrong("a line ends with more than a line feed");
  if (!text.endsWith("# EOF\n")) wrong("the text does not end with # EOF and a line feed");
  const lines = text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1);

  const families = new Map<string, { TYPE?: string; UNIT?: string; HELP?: string }>();
  const series = new Set<string>();
  const samples: Read[] = [];
  let current = "";
  for (const line of lines) {
    const described = DESCRIPTOR.exec(line);
    if (described !== null) {
      const [, what, name = "", said = ""] = described as unknown as [
        string,
        "TYPE" | "UNIT" | "HELP",
        string,
        string,
      ];
      if (name !== current) {
        if (families.has(name)) wrong(`the family ${name} is interleaved with others`);
        families.set(name, {});
        current = name;
      }
      const family = families.get(name) ?? {};
      if (family[what] !== undefined) wrong(`${name} has its ${what} twice`);
      if (
        samples.some(
          (one) => one.name.startsWith(name) && one.name.slice(name.length) === suffix(family.TYPE),
        )
      )
        wrong(`${name} has a ${what} after its samples`);
      if (what === "TYPE" && !/^(?:counter|gauge)$/.test(said)) wrong(`${name} has the type ${said}`);
      if (what === "UNIT" && !name.endsWith(`_${said}`)) wrong(`${name} does not end with its unit ${said}`);
      if (what === "HELP" && !ESCAPED.test(said)) wrong(`the help of ${name} is not escaped`);
      if (what === "TYPE" && said === "counter" && name.endsWith("_total"))
        wrong(`the counter ${name} ends with _total`);
      family[what] = said;
      continue;
    }
    const found = SAMPLE.exec(line) ?? wrong(`the line ${JSON.stringify(line)}`);
    const [, name = "", written = "", number = ""] = found;
    const type = families.get(current)?.TYPE;
    if (name !== `${current}${suffix(type)}`) wrong(`${name} does not belong to ${current || "a family"}`);
    const pairs = [...written.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, label = "", value = ""]): [string, string] => [label, unescaped(value)],
    );
    if (new Set(pairs.map(([label]) => label)).size < pairs.length) wrong(`${name} has a label twice`);
    const labels = Object.fromEntries(pairs);
    const key = `${name} ${JSON.stringify(pairs.toSorted())}`;
    if (series.has(key)) wrong(`${key} is there twice`);
    series.add(key);
    const value = Number(number.replace(/Inf(?:inity)?/, "Infinity"));
    if (type === "counter" && !(value >= 0)) wrong(`the counter ${name} is ${number}`);
    samples.push({ name, labels, value });
  }
  return samples;
};

const suffix = (type: string | undefined): string => (type === "counter" ? "_total" : "");

const unescaped = (text: string): string =>
  text.replaceAll(/\\(["\\n])/g, (_, one: string) => (one === "n" ? "\n" : one));
