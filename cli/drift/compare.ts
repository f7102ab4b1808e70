/** Compares the whole pool with the whole database, page by page. */
import { createHash } from "node:crypto";
import { Effect, Option } from "effect";
import { UserId } from "../../src/domain/user.ts";
import {
  compareRecords,
  compareUsers,
  type Difference,
  listUsers,
  sameMailbox,
  whoIs,
} from "../../src/programs/drift.ts";
import type { Page, Progress, Seen } from "./progress.ts";

/** How many users were compared so far. */
export interface Counts {
  readonly pool: number;
  readonly database: number;
}

const mailboxOf = (email: string): string =>
  email === "" ? "" : createHash("sha256").update(email.toLowerCase()).digest("base64url");

/** Where a side of an earlier run goes on. Undefined: it has come to its end. */
const placeOf = (pages: ReadonlyArray<Page>, side: Page["side"]): string | null | undefined => {
  const last = pages.findLast((page) => page.side === side);
  return last === undefined ? null : (last.next ?? undefined);
};

/** All that differs: first of the users of the pool, in its order, then of whom only the database knows, then mailboxes. */
export const compare = Effect.fn("drift.compare")(function* (
  progress: Progress,
  report: (counts: Counts) => void,
) {
  const pages: Array<Page> = [...progress.pages];
  const seen = new Map<UserId, string>(pages.flatMap((page) => page.seen));
  let database = 0;
  const add = (page: Page) => {
    progress.add(page);
    pages.push(page);
    for (const [sub, mailbox] of page.seen) seen.set(sub, mailbox);
    report({ pool: seen.size, database });
  };

  for (let from = placeOf(pages, "pool"); from !== undefined; from = placeOf(pages, "pool")) {
    const { users, next } = yield* listUsers(from);
    const differences = yield* compareUsers(users);
    add({
      side: "pool",
      next,
      differences,
      seen: users.map(({ sub, email }): Seen => [sub, mailboxOf(email)]),
    });
  }
  for (let from = placeOf(pages, "database"); from !== undefined; from = placeOf(pages, "database")) {
    const after = from === null ? null : UserId.make(from);
    const { differences, next, read } = yield* compareRecords(after, (user) => seen.has(user));
    database += read;
    add({ side: "database", next, differences, seen: [] });
  }
  const twice = sameMailbox([...seen].map(([sub, email]) => ({ sub, email })));
  const named = yield* Effect.forEach(twice, withAddress);
  progress.close();
  return [...pages.flatMap((page) => page.differences), ...named.flat()];
});

/** Of a mailbox only a digest is kept: the pool says whose it is, or that they are gone meanwhile. */
const withAddress = Effect.fnUntraced(function* (difference: Difference) {
  const user = yield* whoIs(difference.userId);
  return Option.match(user, { onNone: () => [], onSome: ({ email }) => [{ ...difference, email }] });
});
