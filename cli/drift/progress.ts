/**
 * How far a comparison has come, in a file, so that one that was interrupted goes on where it was. A line a page, appended.
 * It holds ids and differences; of an address that is right, a digest.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { Schema } from "effect";
import { UserId } from "../../src/domain/user.ts";
import { DIFFERENCES, type Difference, OFFERS } from "../../src/programs/drift.ts";
import { CommandError } from "../command.ts";

/** A user of the pool: their id, and a digest of their address, empty where they have none. */
export type Seen = readonly [sub: UserId, mailbox: string];

/** One page of either side. `next`: where its side goes on; null: it has come to its end. */
export interface Page {
  readonly side: "pool" | "database";
  readonly next: string | null;
  readonly seen: ReadonlyArray<Seen>;
  readonly differences: ReadonlyArray<Difference>;
}

const Line = Schema.fromJsonString(
  Schema.Struct({
    side: Schema.Literals(["pool", "database"]),
    next: Schema.NullOr(Schema.String),
    seen: Schema.Array(Schema.Tuple([UserId, Schema.String])),
    differences: Schema.Array(
      Schema.Struct({
        kind: Schema.Literals(Object.keys(DIFFERENCES) as ReadonlyArray<keyof typeof DIFFERENCES>),
        userId: UserId,
        email: Schema.NullOr(Schema.String),
        grants: Schema.Int,
        offers: Schema.Array(Schema.Literals(OFFERS)),
        others: Schema.Array(UserId),
      }),
    ),
  }),
);

/** The pages that an earlier run has written. A last line that was cut short is a page that is read again. */
const read = (file: string): ReadonlyArray<Page> => {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  try {
    return lines.map((line) => Schema.decodeUnknownSync(Line)(line));
  } catch {
    throw new CommandError(`${file} is not what a comparison has written. Remove it, and begin anew.`);
  }
};

export interface Progress {
  /** What was done before. */
  readonly pages: ReadonlyArray<Page>;
  readonly add: (page: Page) => void;
  /** The comparison has come to its end. */
  readonly close: () => void;
}

/** Nothing is kept. */
const forgotten: Progress = { pages: [], add: () => {}, close: () => {} };

/** Keeps progress in a file that nobody else may read, and goes on with what is there. */
export const progressIn = (file: string | undefined): Progress => {
  if (file === undefined) return forgotten;
  return {
    pages: existsSync(file) ? read(file) : [],
    add: (page) => appendFileSync(file, `${JSON.stringify(page)}\n`, { mode: 0o600 }),
    close: () => rmSync(file, { force: true }),
  };
};
