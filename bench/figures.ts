/** What a part of the bench that asks PostgreSQL alone answers, and how it is printed. */

import { digits } from "./numbers.ts";

/** How a part of the bench is run. `quick`: whether it runs at all, and nothing about time. */
export interface Options {
  readonly quick: boolean;
}

/** One figure. `target`: what it should reach or stay below, which its name says; null: it is there to be compared with. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly target: number | null;
  readonly note: string;
}

/** A target as it is written: three digits say enough. */
export const rounded = (target: number): number => Number(target.toPrecision(3));

/** Writes figures as a table of Markdown. */
export const print = (figures: ReadonlyArray<Figure>): void => {
  console.log("| figure | value | target | |\n|---|---|---|---|");
  for (const { figure, value, target, note } of figures)
    console.log(`| ${figure} | ${digits(value)} | ${target === null ? "" : digits(target)} | ${note} |`);
};
