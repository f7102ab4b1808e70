/**
 * Who waits for whom. Whatever reads what the ledger and the tables have of a user, and writes it, holds the user's lock: a
 * commit excludes the removal of the same user, and of nobody else. What may take the permission to manage users from
 * somebody who has it holds the managers' lock as well. The user's comes first: whoever holds the managers' waits for nobody.
 */
import type { UserId } from "../../domain/user.ts";
import type { Lock } from "../../ports/database.ts";

/** The lock of every statement that could take the last CAN_MANAGE_USERS away: `hashtext('registrar: managers')`. */
export const MANAGERS: Lock = 1_494_558_540n;

/** The last sixty-four bits of an id, which are a lock's number. */
const DIGITS = 16;

/** The lock of all that is done to a user. Two users who share it wait for each other, and nothing else comes of it. */
export const lockOf = (user: UserId): Lock =>
  BigInt.asIntN(64, BigInt(`0x${user.replaceAll("-", "").slice(-DIGITS)}`));

/**
 * The locks of a statement that counts as left only who is `confirmed`. Without anybody it cannot take the permission from
 * somebody who has it, and waits for nobody else's changes.
 */
export const locksOf = (user: UserId, confirmed: ReadonlyArray<UserId>): ReadonlyArray<Lock> =>
  confirmed.length === 0 ? [lockOf(user)] : [lockOf(user), MANAGERS];
