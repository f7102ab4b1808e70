/** Medians, their spread, and ratios. */

/** The middle of some numbers, and the least and the greatest of them. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What a number is of which a part lies below: 0.5 is the median. */
export const quantile = (values: ReadonlyArray<number>, part: number): number => {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
};

/** The median of an even number of values is the mean of the two in the middle. */
export const spreadOf = (values: ReadonlyArray<number>): Spread => {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
};

/** The middle alone. */
export const medianOf = (values: ReadonlyArray<number>): number => spreadOf(values).median;

/** The ratios of two rows of numbers, round by round. */
export const ratios = (ours: ReadonlyArray<number>, theirs: ReadonlyArray<number>): ReadonlyArray<number> =>
  ours.map((value, round) => value / (theirs[round] ?? Number.NaN));

/** A number as text: three digits, or two behind the point, say enough. */
export const digits = (value: number): string =>
  value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);

/** A median with its spread, as text. */
export const written = ({ median, least, most }: Spread, unit = ""): string =>
  `${digits(median)}${unit} (${digits(least)} to ${digits(most)})`;
