/** What each store is known to have of an operation. What nobody knows is said to be in doubt, never to be nothing. */
import type { Operation } from "../api/wire.ts";

export interface Standing {
  readonly sure: "done" | "doubt" | "neutral";
  readonly says: string;
}

const there = (says: string): Standing => ({ sure: "done", says });
const doubt = (says: string): Standing => ({ sure: "doubt", says });
const nothing = (says: string): Standing => ({ sure: "neutral", says });

/** Cognito, and the database. */
export function storesOf(operation: Operation): readonly [pool: Standing, database: Standing] {
  const { state, missingSince, graceUntil, kind, needsOperator } = operation;
  switch (state) {
    case "started":
      return [doubt("A user may be there"), nothing("No user, no roles")];
    case "rolling_back":
      return [doubt("A user may be left over"), nothing("No user, no roles")];
    case "registered":
      return [
        missingSince ? doubt("The user was not found") : there("The user is there"),
        there("User, roles and audit line"),
      ];
    case "completed":
      return [
        needsOperator ? doubt("There, but not invited") : there("The user is there"),
        there("User, roles and audit line"),
      ];
    case "rejected":
    case "rolled_back":
      return [
        graceUntil ? doubt("No user was found; one more check") : nothing("No user"),
        nothing("No user, no roles"),
      ];
    case "user_lost":
      return [nothing("The user is gone"), there("Audit line, and that they are gone")];
    case "pending":
      return [
        doubt("Not answered yet"),
        there(kind === "remove" ? "Roles revoked, audit line" : "Audit line"),
      ];
    case "done":
      return [needsOperator ? doubt("Not as the ledger has it") : there("Done"), there("Audit line")];
    case "refused":
      return [nothing("Not done"), there("Audit lines")];
    default:
      return [doubt("Nobody can tell"), doubt("The row cannot be read")];
  }
}
