/**
 * Whom a registration has left in the pool without anything in the database. The pool takes them for users who are invited,
 * and only the ledger, which knows them by address, says that they are none yet.
 */
import { answered, get, type Heard } from "./call.ts";
import type { Operation, Page, Person } from "./wire.ts";

/** `half`: the registration that is under way, or being undone. */
export type Seen<P extends Person = Person> = P & { readonly half: Operation | undefined };

const QUERIES = ["state=started", "state=rolling_back"];

/** Each with the half of them that is not there. It is asked for only where somebody was never invited. */
export async function withHalves<P extends Person>(
  people: ReadonlyArray<P>,
): Promise<Heard<ReadonlyArray<Seen<P>>>> {
  const isOdd = ({ status, invitations }: P) => status === "invited" && invitations.count === 0;
  const open: Operation[] = [];
  for (const query of people.some(isOdd) ? QUERIES : []) {
    const heard = await get<Page<Operation>>(`/api/operations?${query}&limit=200`);
    if (heard.is !== "answer") return heard;
    open.push(...heard.body.items);
  }
  return answered(
    people.map((one) => ({
      ...one,
      half: open.find(({ email }) => isOdd(one) && email?.toLowerCase() === one.email.toLowerCase()),
    })),
  );
}
