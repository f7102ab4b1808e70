/** What happens next to an attempt, in words for the person who asks at two in the morning. */
import { type Entry, isErrand } from "./Registration.ts";

/** One sentence: who will do what, or why nothing is left to do. */
export const outlook = (attempt: Entry): string => {
  if (attempt.lastError === "NeedsOperator") {
    return "The pool has no marks, so only a person can tell whose user has the address. If he is this attempt's, delete him; if not, settle it with leave.";
  }
  if (attempt.needsOperator) {
    return "It could not be settled so far. It is still tried daily; see lastError, and settle it once the cause is mended.";
  }
  if (isErrand(attempt)) {
    if (attempt.state === "pending") return "The sweeper carries it out, as often as it takes.";
    return attempt.watchUntil === null
      ? "Nothing: it is done."
      : "It is done. Because the opposite was asked for shortly before or after, it is checked once more.";
  }
  switch (attempt.state) {
    case "started":
      return attempt.stale
        ? "Its worker is gone. The sweeper will look for the user, delete him if this attempt created him, and close it."
        : "Its worker is still at it.";
    case "rolling_back":
      return "The sweeper will look for the user, delete him if this attempt created him, and close it.";
    case "registered":
      if (attempt.missingSince !== null) {
        return "The user was registered but not found at the last look. A second look a horizon later decides.";
      }
      return attempt.acknowledgedAt !== null || attempt.pastHorizon
        ? "The user is registered. The invitation is sent next, then it is complete."
        : "The user is registered. The sweeper finishes it when its worker is gone for certain.";
    case "completed":
      return "Nothing: the user is registered and the attempt is complete.";
    case "user_lost":
      return "Nothing: the user was registered, and somebody has removed him since.";
    case "rejected":
    case "rolled_back":
      return attempt.watchUntil === null
        ? "Nothing: no user of this attempt exists."
        : "No user of this attempt was found. One last look is taken when none of its creates can land any more.";
  }
};
