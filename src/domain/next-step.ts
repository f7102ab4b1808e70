/** What happens next to a registration, in words for the person who asks at two in the morning. */
import { isChange, type Operation } from "./operation.ts";

/** One sentence: who will do what, or why nothing is left to do. */
export const nextStep = (registration: Operation): string => {
  if (registration.lastError === "NeedsOperator") {
    return "The pool has no tags, so only a person can tell whose user has the address. If he is this registration's, delete him; if not, settle it with leave.";
  }
  if (registration.needsOperator) {
    return "It could not be settled so far. It is still tried daily; see lastError, and settle it once the cause is mended.";
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
        ? "Its request is gone. The sweeper will look for the user, delete him if this registration created him, and close it."
        : "Its request is still at it.";
    case "rolling_back":
      return "The sweeper will look for the user, delete him if this registration created him, and close it.";
    case "registered":
      if (registration.missingSince !== null) {
        return "The user was registered but not found at the last look. A second look a horizon later decides.";
      }
      return registration.acknowledgedAt !== null || registration.pastHorizon
        ? "The user is registered. The invitation is sent next, then it is complete."
        : "The user is registered. The sweeper finishes it when its request is gone for certain.";
    case "completed":
      return "Nothing: the user is registered and the registration is complete.";
    case "user_lost":
      return "Nothing: the user was registered, and somebody has removed him since.";
    case "rejected":
    case "rolled_back":
      return registration.graceUntil === null
        ? "Nothing: no user of this registration exists."
        : "No user of this registration was found. One last look is taken when none of its creates can land any more.";
  }
};
