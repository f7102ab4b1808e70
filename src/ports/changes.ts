/**
 * The ledger's other half: changes to users who exist. A change is opened with its audit row (and, for a removal,
 * without the user's grants) in one statement; Cognito follows.
 */
import { Context, type Effect } from "effect";
import type { Change, ChangeUser, OperationId } from "../domain/operation.ts";
import type { LastManager, TooLate } from "./access.ts";
import type { DatabaseError } from "./database.ts";

/** What `open` found. A repeat of a change that is still pending is the same change. */
export type ChangeOpening =
  | { readonly _tag: "Opened"; readonly change: Change }
  /** The pending change of this kind is a row that cannot be read. */
  | { readonly _tag: "Undecodable"; readonly id: OperationId }
  | { readonly _tag: "Denied" }
  /** The user's registration has not kept them: it is under way, or they are left over from it. */
  | { readonly _tag: "Unresolved"; readonly id: OperationId }
  | TooLate
  /** The opposite was asked for later, and is there already. */
  | { readonly _tag: "Superseded" }
  | LastManager;

export class Changes extends Context.Service<
  Changes,
  {
    /**
     * Checks permission and writes the change as `pending`; one that it contradicts is closed. Does nothing where the
     * budget, counted from `askedAt`, is over by the database's clock when its turn has come.
     */
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
