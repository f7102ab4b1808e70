/** What a part of the bench that asks PostgreSQL alone answers, and how it is printed. */

import { digits } from "./numbers.ts";
import { type Row, table } from "./report.ts";

/** How a part of the bench is run. `quick`: whether it runs at all, and nothing about time. */
export interface Options {
  readonly quick: boolean;
}

/** One figure. `target`: what it should not exceed, or reach; null: it is there to be compared with. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly target: { readonly atMost: number } | { readonly atLeast: number } | null;
  readonly note: string;
}

/** A figure as a line of a table. */
export const rowOf = ({ figure, value, target, note }: Figure): Row => {
  const row = { figure, value: digits(value), note };
  if (target === null) return { ...row, target: "" };
  return "atMost" in target
    ? { ...row, target: `≤ ${digits(target.atMost)}`, met: value <= target.atMost }
    : { ...row, target: `≥ ${digits(target.atLeast)}`, met: value >= target.atLeast };
};

/** Writes figures as a table of Markdown. */
export const print = (figures: ReadonlyArray<Figure>): void => {
  console.log(table(figures.map(rowOf)));
};
