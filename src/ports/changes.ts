/**
 * The ledger's other half: changes to users who exist. A change is opened with its audit row (and, for a removal,
 * without the user's grants) in one statement; Cognito follows.
 */
import { Context, type Effect } from "effect";
import type { Change, ChangeUser, OperationId } from "../domain/operation.ts";
import type { DatabaseError } from "./database.ts";

/** What `open` found. A repeat of a change that is still pending is the same change. */
export type ChangeOpening =
  | { readonly _tag: "Opened"; readonly change: Change }
  /** The pending change of this kind is a row that cannot be read. */
  | { readonly _tag: "Undecodable"; readonly id: OperationId }
  | { readonly _tag: "Denied" }
  /** The user's registration has not kept them: it is under way, or they are left over from it. */
  | { readonly _tag: "Unresolved"; readonly id: OperationId }
  /** Nobody who can sign in would hold CAN_MANAGE_USERS any more. */
  | { readonly _tag: "LastManager" };

export class Changes extends Context.Service<
  Changes,
  {
    /** Checks permission and writes the change as `pending`; one that it contradicts is closed. */
    readonly open: (command: ChangeUser) => Effect.Effect<ChangeOpening, DatabaseError>;
    /**
     * pending → done. Where the opposite was last done within the horizon, its call may still land: the change gets
     * a grace period, and is done once more when none can.
     */
    readonly finish: (id: OperationId) => Effect.Effect<boolean, DatabaseError>;
    /** Whether this is the newest change of its sort for its user: only that one is done again. */
    readonly isNewest: (change: Change) => Effect.Effect<boolean, DatabaseError>;
    /** done, in its grace period → done. */
    readonly endGracePeriod: (id: OperationId) => Effect.Effect<boolean, DatabaseError>;
  }
>()("registrar/ports/Changes") {}
