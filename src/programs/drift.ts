/**
 * Where pool and database say different things of the same people, and the moves that bring them together. Nothing here is
 * done by itself: each move is one that an administrator has asked for, of one user, and stands in the trail under their id.
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import { Forbidden, UserNotFound } from "../domain/errors.ts";
import { newOperationId } from "../domain/operation.ts";
import { Email, Name, type UserId } from "../domain/user.ts";
import { onceMore } from "../ports/database.ts";
import { Directory, type Profile, type ProfilePage } from "../ports/directory.ts";
import type { IdentityProviderError } from "../ports/identity-provider.ts";
import { Records, type UserRecord } from "../ports/records.ts";
import { spanned } from "../ports/trace.ts";
import {
  databaseFailed,
  databaseUnavailable,
  isMachine,
  providerUnavailable,
  requireManager,
} from "./authority.ts";
import { deleteUser } from "./change.ts";
import { LISTED_AT_ONCE } from "./users.ts";

/** What can be done about a difference. `link`: move the grants to another `sub` of the same verified address. */
export const OFFERS = ["adopt", "link", "delete"] as const;
export type Offer = (typeof OFFERS)[number];

/** The kinds of difference, each with what it means. */
export const DIFFERENCES = {
  user_without_record: "in the pool, and no row of the audit trail says who let them in",
  user_removed_here: "in the pool, although the ledger has removed or lost them",
  enabled_there: "disabled here, and enabled in the pool: they can sign in, and may do nothing",
  disabled_there: "disabled in the pool, and not from here: no row of the audit trail says who did it",
  record_without_user: "on record as registered, and not in the pool",
  grants_without_user: "holds grants, and is not in the pool",
  mailbox_twice: "the pool has their address twice, in one spelling or in two",
} as const;

export interface Difference {
  readonly kind: keyof typeof DIFFERENCES;
  readonly userId: UserId;
  /** As the pool has it, or else the ledger; null where neither knows. */
  readonly email: string | null;
  /** How many grants they hold. */
  readonly grants: number;
  readonly offers: ReadonlyArray<Offer>;
  /** Whom the grants can be moved to, or who else has the address. */
  readonly others: ReadonlyArray<UserId>;
}

type Listed = ProfilePage["users"][number];

/** A pool that is asked too often is asked again after half a second, one, two, … sixteen. */
const patiently = {
  schedule: Schedule.exponential("500 millis"),
  times: 6,
  while: ({ reason }: IdentityProviderError) =>
    reason._tag === "Throttled" || reason._tag === "OutcomeUnknown",
};

/** A page of the pool, in its own order, from the place that `cursor` names. */
export const listUsers = spanned("drift.listUsers")(function* (cursor: string | null) {
  const directory = yield* Directory;
  return yield* directory
    .page(LISTED_AT_ONCE, cursor)
    .pipe(Effect.retry(patiently), Effect.mapError(providerUnavailable));
});

/** What differs about users of the pool. An operation that is under way is no difference: it ends by itself. */
export const compareUsers = spanned("drift.compareUsers")(function* (users: ReadonlyArray<Listed>) {
  const records = yield* Records;
  const known = yield* records.of(users).pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  return users.flatMap((user, index) => {
    const record = known[index];
    return record === undefined || record.isMoving ? [] : ofUser(user, record);
  });
});

const ofUser = (user: Listed, record: UserRecord): ReadonlyArray<Difference> => {
  const found = (kind: Difference["kind"], offers: ReadonlyArray<Offer>): Difference => ({
    kind,
    userId: user.sub,
    email: user.email === "" ? null : user.email,
    grants: record.grants,
    offers,
    others: [],
  });
  if (record.isGone) return [found("user_removed_here", ["delete"])];
  const isDisabledHere = record.newestSwitch === "disable";
  return [
    ...(record.isRecorded ? [] : [found("user_without_record", ["adopt", "delete"])]),
    ...(isDisabledHere && user.enabled ? [found("enabled_there", [])] : []),
    ...(!isDisabledHere && !user.enabled ? [found("disabled_there", [])] : []),
  ];
};

/** How many users of the database are compared at once. */
const RECORDS_A_PAGE = 500;

/**
 * What differs about the next users whom the database knows, by id. `isListed`: who was in the pool a moment ago; of anybody
 * else the pool is asked once more, by their id. `next` continues; null: those were the last.
 */
export const compareRecords = spanned("drift.compareRecords")(function* (
  after: UserId | null,
  isListed: (user: UserId) => boolean,
) {
  const records = yield* Records;
  const page = yield* records
    .page(after, RECORDS_A_PAGE)
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  const doubtful = page.filter(
    ({ sub, isRecorded, isGone, grants, isMoving }) =>
      !isListed(sub) && !isMoving && ((isRecorded && !isGone) || grants > 0),
  );
  const differences = yield* Effect.forEach(doubtful, ofRecord);
  const last = page.at(-1)?.sub;
  return {
    read: page.length,
    differences: differences.flat(),
    next: page.length < RECORDS_A_PAGE ? null : (last ?? null),
  };
});

const ofRecord = Effect.fnUntraced(function* (record: UserRecord) {
  if (yield* isMachine(record.sub)) return [];
  if (Option.isSome(yield* whoIs(record.sub))) return [];
  const heir = yield* heirOf(record);
  const difference: Difference = {
    kind: record.isRecorded && !record.isGone ? "record_without_user" : "grants_without_user",
    userId: record.sub,
    email: record.email,
    grants: record.grants,
    offers: Option.isSome(heir) ? ["link", "delete"] : ["delete"],
    others: Option.match(heir, { onNone: () => [], onSome: ({ sub }) => [sub] }),
  };
  return [difference];
});

/** Whom the pool has by an id or an address, in this moment. */
export const whoIs = Effect.fnUntraced(function* (key: string) {
  const directory = yield* Directory;
  return yield* directory.profile(key).pipe(Effect.retry(patiently), Effect.mapError(providerUnavailable));
});

/** Who has the address of a record whose user is not in the pool, where the pool has seen that it is theirs. */
const heirOf = Effect.fnUntraced(function* ({ sub, email }: Pick<UserRecord, "sub" | "email">) {
  if (email === null) return Option.none<Profile>();
  const holder = yield* whoIs(email);
  return Option.filter(
    holder,
    (user) => user.sub !== sub && user.emailVerified && user.email.toLowerCase() === email,
  );
});

/** Whose address another user of the pool has, too: it is one mailbox, in whatever spelling. */
export const sameMailbox = (
  users: ReadonlyArray<Pick<Listed, "sub" | "email">>,
): ReadonlyArray<Difference> => {
  const byAddress = Map.groupBy(
    users.filter(({ email }) => email !== ""),
    ({ email }) => email.toLowerCase(),
  );
  return [...byAddress.values()]
    .filter((sharing) => sharing.length > 1)
    .flatMap((sharing) =>
      sharing.map(({ sub, email }) => ({
        kind: "mailbox_twice" as const,
        userId: sub,
        email,
        grants: 0,
        offers: ["delete" as const],
        others: sharing.map((one) => one.sub).filter((other) => other !== sub),
      })),
    );
};

/** A move that cannot be made, in a sentence for whoever asked for it. */
export class MoveRefused extends Schema.TaggedError<MoveRefused>()("MoveRefused", { why: Schema.String }) {
  override get message(): string {
    return this.why;
  }
}

const refused = (why: string) => new MoveRefused({ why });

/** Who asks for a move of whom. */
export interface AskedMove {
  readonly caller: UserId;
  readonly subject: UserId;
}

/**
 * Writes down a user of the pool whom no record knows: a completed operation of kind `adopt`, with its audit row. They keep
 * what they have, and get nothing.
 */
export const adopt = spanned("drift.adopt")(function* ({ caller, subject }: AskedMove) {
  const user = yield* present(subject);
  const email = yield* Schema.decodeUnknownEffect(Email)(user.email).pipe(
    Effect.mapError(() => refused("the pool has no address of theirs that can be written down")),
  );
  const name = Schema.is(Name)(user.name) ? user.name : null;
  const records = yield* Records;
  const answer = yield* records
    .adopt({ id: newOperationId(), caller, sub: subject, tag: user.tag, email, name })
    .pipe(Effect.mapError(inDoubt));
  switch (answer._tag) {
    case "Adopted":
      return answer.id;
    case "Denied":
      return yield* new Forbidden({ caller, action: "manage users" });
    case "Recorded":
      return yield* refused("they are on record already");
    case "Gone":
      return yield* refused("the ledger has removed or lost them: delete them, and register them again");
    case "Unresolved":
      return yield* refused(`operation ${answer.id} has created them and has not kept them: resolve it`);
  }
});

/** Without a refusal a move may be written down: each may be asked for again. */
const inDoubt = databaseFailed({ inDoubt: true });

const present = Effect.fnUntraced(function* (subject: UserId) {
  const found = yield* whoIs(subject);
  return yield* Effect.fromOption(found).pipe(
    Effect.mapError(() => new UserNotFound({ key: subject, kind: "set roles" })),
  );
});

/**
 * Moves the grants of somebody who is not in the pool any more to the user who has their verified address now, writes the
 * new one down where no record knows them, and deletes the old one. Each step may be repeated, and so may the whole.
 */
export const link = spanned("drift.link")(function* ({
  caller,
  subject,
  to,
}: AskedMove & { readonly to: UserId }) {
  const { askedAt } = yield* requireManager({ caller, subject: to });
  if (Option.isSome(yield* whoIs(subject)))
    return yield* refused("they are in the pool: an administrator can give and take roles there");
  const records = yield* Records;
  const known = yield* records
    .of([
      { sub: subject, tag: null },
      { sub: to, tag: null },
    ])
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  const [old, heir] = known;
  if (old === undefined || !Option.exists(yield* heirOf(old), ({ sub }) => sub === to))
    return yield* refused("the ledger knows no address of theirs that is the other's, verified");
  if (heir?.isRecorded === false) yield* adopt({ caller, subject: to });
  const moved = yield* records
    .moveGrants({ id: newOperationId(), caller, from: subject, to, askedAt })
    .pipe(Effect.mapError(inDoubt));
  if (moved._tag === "Denied") return yield* new Forbidden({ caller, action: "update roles" });
  if (moved._tag === "NotLetIn") return yield* refused("the ledger has disabled, removed or lost the other");
  yield* deleteUser({ id: newOperationId(), caller, subject });
  return moved.grants;
});
