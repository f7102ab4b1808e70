/** The moves, each said before it is made. */
import { Effect } from "effect";
import { newOperationId } from "../../src/domain/operation.ts";
import type { UserId } from "../../src/domain/user.ts";
import { deleteUser } from "../../src/programs/change.ts";
import { adopt, type Difference, link, type Offer } from "../../src/programs/drift.ts";

/** One move of one user. `to`: who gets the grants, for a link. */
export interface Move {
  readonly offer: Offer;
  readonly subject: UserId;
  readonly to?: UserId;
}

/** The move that a difference offers. */
export const moveOf = (offer: Offer, { userId, others }: Difference): Move => {
  const [to] = others;
  return { offer, subject: userId, ...(offer === "link" && to !== undefined && { to }) };
};

/** What a move does, as a question. */
export const question = ({ offer, subject, to }: Move): string => {
  switch (offer) {
    case "adopt":
      return `Write ${subject} down as a user who was let in? They keep what they have.`;
    case "link":
      return `Give all grants of ${subject} to ${to}, and delete ${subject}?`;
    case "delete":
      return `Delete ${subject}: their grants, and their account where there is one? They cannot come back.`;
  }
};

/** Makes a move in the name of an administrator, and says what was done. */
export const make = Effect.fn("drift.make")(function* ({ offer, subject, to }: Move, caller: UserId) {
  switch (offer) {
    case "adopt":
      return `${subject} is on record now, by operation ${yield* adopt({ caller, subject })}.`;
    case "link": {
      const grants = yield* link({ caller, subject, to: to ?? subject });
      return `${to} has the grants of ${subject} now (${grants} moved), who is deleted.`;
    }
    case "delete":
      yield* deleteUser({ id: newOperationId(), caller, subject });
      return `${subject} is deleted.`;
  }
});

/** What can go wrong with a move, or with reading. */
export type Failure =
  | Effect.Error<ReturnType<typeof make>>
  | { readonly _tag: "Unavailable"; readonly dependency: string; readonly inDoubt?: boolean };

/** A failure as a sentence that holds no secret. */
export const sentence = (failure: Failure): string => {
  switch (failure._tag) {
    case "Unavailable":
      return failure.inDoubt === true
        ? "The database did not answer: whether it was done is not known. Do it again: each move may be repeated."
        : `The ${failure.dependency} does not answer. Nothing was done.`;
    case "DatabaseRefused":
      return "The database refuses it. Nothing was done. npm run doctor says what is wrong.";
    case "Forbidden":
      return "Whom --as names does not manage users. Nothing was done, and the audit trail says that it was tried.";
    case "UserNotFound":
      return "The pool has no such user. Nothing was done.";
    case "MoveRefused":
      return `Nothing was done: ${failure.why}.`;
    case "LastManager":
      return "Nothing was done: nobody would be left who manages users and can come in.";
    case "OwnAccount":
      return "Nothing was done: nobody deletes their own account.";
    case "RegistrationInProgress":
      return `Nothing was done: operation ${failure.operationId} is under way. Do it again in a minute.`;
    case "ChangeTracked":
      return `It is written down as operation ${failure.operationId}, and not done yet: the sweeper does it.`;
    case "ChangeRefused":
      return `Cognito refuses it (${failure.reason}), and operation ${failure.operationId} has ended.`;
    default:
      return `Nothing was done: ${failure._tag}.`;
  }
};
