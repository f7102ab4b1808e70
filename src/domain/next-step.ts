/** What happens next to an operation, in words for the person who asks at two in the morning. */
import { isChange, type Operation } from "./operation.ts";

/** What happens to a row that cannot be read. */
export const UNDECODABLE_STEP =
  "The row cannot be read, and nobody moves it. Mend the fields that `unreadable` names in the database; the sweeper looks at it daily.";

/** One sentence: who will do what, or why nothing is left to do. */
export const nextStep = (registration: Operation): string => {
  if (registration.lastError === "NeedsOperator") {
    return "The pool has no ownership tags, so only a person can tell whose user has the address. If the user is this registration's, delete them; if not, resolve the operation with leave.";
  }
  if (registration.needsOperator) {
    return "It could not be resolved so far. The sweeper still tries it daily. See lastError, mend the cause, and resolve it then.";
  }
  if (isChange(registration)) {
    if (registration.state === "pending") return "The sweeper carries it out, as often as it takes.";
    return registration.graceUntil === null
      ? "Nothing: it is done."
      : "It is done. Because the opposite was asked for shortly before or after, it is checked once more.";
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
      return registration.graceUntil === null
        ? "Nothing: no user of this registration exists."
        : "No user of this registration was found. The sweeper makes a final check when no create of it can land any more.";
  }
};
