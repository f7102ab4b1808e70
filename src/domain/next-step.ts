/** What happens next to an operation, in words for the person who asks at two in the morning. */
import { isChange, LEFT_OVER, type Operation, type WhyNotDone } from "./operation.ts";

/** Why nothing is left to do for a change that has ended without its effect. */
const NOT_DONE: Partial<Record<WhyNotDone, string>> = {
  superseded: "Nothing: a newer change of the same user contradicts it.",
  user_not_found: "Nothing: the pool has no such user.",
  user_disabled: "Nothing: the user is disabled. Enable them, and invite them again, if that is wanted.",
  invitation_not_needed: "Nothing: the user can sign in already.",
  closed_by_operator: "Nothing: an operator has closed it. Whether it was done, nobody knows for certain.",
};

/** What happens to a row that cannot be read. */
export const UNDECODABLE_STEP =
  "The row cannot be read, and nobody moves it. Mend the fields that `unreadable` names in the database; the sweeper looks at it daily.";

/** One sentence: who will do what, or why nothing is left to do. */
export const nextStep = (registration: Operation): string => {
  if (registration.lastError === "NeedsOperator") {
    return "The pool has no ownership tags, so only a person can tell whose user has the address. If the user is this registration's, delete them; if not, resolve the operation with leave.";
  }
  if (isChange(registration) && registration.state === "done" && registration.needsOperator) {
    return "The ledger has the user enabled, and the pool has them disabled: somebody has disabled them since, or an older call landed late. Enable or disable them again, whichever is wanted.";
  }
  if (registration.state === "completed" && registration.needsOperator) {
    return "The user is registered, and Cognito refuses to send the invitation: the history says why. Mend that, and invite them again.";
  }
  if (registration.needsOperator) {
    return "It could not be resolved so far, and the sweeper still tries it daily. Mend what went wrong last, and resolve it then.";
  }
  if (isChange(registration)) {
    if (registration.state === "pending") return "The sweeper carries it out, as often as it takes.";
    if (registration.state === "refused") {
      const { reason } = registration;
      return (
        (reason && NOT_DONE[reason]) ??
        `Nothing: Cognito refuses it (${reason}). Mend that, and ask for it again.`
      );
    }
    return registration.graceUntil === null
      ? "Nothing: it is done."
      : "It is done. Because the opposite was asked for shortly before or after, there is a final check: it may disable the user once more, and never enables anybody.";
  }
  switch (registration.state) {
    case "started":
      return registration.stale
        ? "Its request is gone. The sweeper will look for the user, delete them if this registration created them, and close it."
        : "Its request is still working on it.";
    case "rolling_back":
      return "The sweeper will look for the user, delete them if this registration created them, and close it.";
    case "registered":
      if (registration.missingSince !== null) {
        return "The user was registered, and the sweeper did not find them. It looks once more, a horizon later, and then decides.";
      }
      return registration.acknowledgedAt !== null || registration.pastHorizon
        ? "The user is registered. The invitation is sent next, then it is complete."
        : "The user is registered. The sweeper finishes it when its request is gone for certain.";
    case "completed":
      return "Nothing: the user is registered and the registration is complete.";
    case "user_lost":
      return "Nothing: the user was registered, and somebody has removed them since.";
    case "rejected":
    case "rolled_back":
      if (registration.history.at(-1)?.note?.includes(LEFT_OVER) === true) {
        return "Nothing more is done: an operator has closed it without its final check. If a user is left over, the next registration of the address finds and deletes them; or delete them in Cognito.";
      }
      return registration.graceUntil === null
        ? "Nothing: no user of this registration exists."
        : "No user of this registration was found. The sweeper makes a final check when no create of it can land any more.";
  }
};
