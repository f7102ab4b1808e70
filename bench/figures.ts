/** What a part of the bench that asks PostgreSQL alone answers, and how it is printed. */

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

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};

/** A target as it is written: three digits say enough. */
export const rounded = (target: number): number => Number(target.toPrecision(3));

const number = (value: number): string => {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
};

/** Writes figures as a table of Markdown. */
export const print = (figures: ReadonlyArray<Figure>): void => {
  console.log("| figure | value | target | |\n|---|---|---|---|");
  for (const { figure, value, target, note } of figures)
    console.log(`| ${figure} | ${number(value)} | ${target === null ? "" : number(target)} | ${note} |`);
};
