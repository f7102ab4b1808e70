/**
 * The ledger's other half: changes to users who exist. An errand is opened with its audit row (and, for a removal,
 * without the user's grants) in one statement; Cognito follows.
 */
import { Context, type Effect } from "effect";
import type { Errand, RegistrationId, RunErrand } from "../domain/Registration.ts";
import type { DatabaseError } from "./Database.ts";

/** What `open` found. A repeat of an errand that is still pending is the same errand. */
export type ErrandOpening =
  | { readonly _tag: "Opened"; readonly errand: Errand }
  | { readonly _tag: "Denied" }
  /** The user's registration has not kept him: it is under way, or he is left over from it. */
  | { readonly _tag: "Unsettled"; readonly id: RegistrationId }
  /** Nobody who can sign in would hold CAN_MANAGE_USERS any more. */
  | { readonly _tag: "LastManager" };

export class Errands extends Context.Service<
  Errands,
  {
    /** Checks permission and writes the errand as `pending`; one that it contradicts is closed. */
    readonly open: (command: RunErrand) => Effect.Effect<ErrandOpening, DatabaseError>;
    /**
     * pending → done. Where the opposite was last seen to within the horizon, its call may still land: the errand stays
     * under watch, and is done once more when none can.
     */
    readonly finish: (id: RegistrationId) => Effect.Effect<boolean, DatabaseError>;
    /** Whether this is the newest errand of its sort for its user: only that one is done again. */
    readonly isNewest: (errand: Errand) => Effect.Effect<boolean, DatabaseError>;
    /** done, under watch → done. */
    readonly unwatch: (id: RegistrationId) => Effect.Effect<boolean, DatabaseError>;
  }
>()("registrar/services/Errands") {}
