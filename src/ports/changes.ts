/**
 * The ledger's other half: changes to users who exist. A change is opened with its audit row (and, for a removal,
 * without the user's grants) in one statement; Cognito follows.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { HowNotDone } from "../domain/audit.ts";
import type { Change, ChangeUser, OperationId, SetProfile, WhyNotDone } from "../domain/operation.ts";
import type { UserId } from "../domain/user.ts";
import type { LastManager, PreconditionFailed, TooLate } from "./access.ts";
import type { DatabaseError } from "./database.ts";

/**
 * What `open` found. A repeat of a change that is still pending is the same change; a repeat by its id is the change as it
 * has ended meanwhile.
 */
export type ChangeOpening =
  | { readonly _tag: "Opened"; readonly change: Change }
  /** The pending change of this kind is a row that cannot be read. */
  | { readonly _tag: "Undecodable"; readonly id: OperationId }
  | { readonly _tag: "Denied" }
  /** The user's registration has not kept them: it is under way, or they are left over from it. */
  | { readonly _tag: "Unresolved"; readonly id: OperationId }
  /** The user is lost, or their deletion is written down: a `sub` never comes back. Not said of a deletion. */
  | { readonly _tag: "Removed" }
  /** The ledger's newest word is that the user may not sign in: they are not invited. */
  | { readonly _tag: "Disabled" }
  | TooLate
  | PreconditionFailed
  /** The opposite, or another profile, was asked for later, and is there already. */
  | { readonly _tag: "Superseded" }
  | ProfilesNotKept
  | LastManager;

/** What is to be written to the profile has no place: FLIP's table is not there. */
export interface ProfilesNotKept {
  readonly _tag: "ProfilesNotKept";
}

/** What came of a change of a user's profile alone. */
export type ProfileSet =
  | { readonly _tag: "Set" }
  | Exclude<ChangeOpening, { readonly _tag: "Opened" | "Undecodable" | "Disabled" | "LastManager" }>;

export class Changes extends Context.Service<
  Changes,
  {
    /**
     * Checks permission and conditions, and writes the change as `pending`. The pending ones that it contradicts end as
     * `refused`: of two opposites the older; with a disabling also an invitation and a reset; with a deletion all. Does
     * nothing where the budget, counted from `askedAt`, is over by the database's clock when its turn has come. A profile is
     * written with it, or with the pending change that it joins, or not at all.
     */
    readonly open: (command: ChangeUser) => Effect.Effect<ChangeOpening, DatabaseError>;
    /**
     * Writes to a user's profile, with the audit row, under the conditions of a change. It is done at once: only FLIP's table
     * has the profile.
     */
    readonly setProfile: (command: SetProfile) => Effect.Effect<ProfileSet, DatabaseError>;
    /**
     * pending → done. Where the opposite was last done within the horizon, its call may still land: the change gets
     * a grace period, and is done once more when none can.
     */
    readonly finish: (id: OperationId) => Effect.Effect<boolean, DatabaseError>;
    /**
     * pending → refused, with the second row of the audit trail. `how`: what that row says. `note`: what the history says
     * instead of the reason.
     */
    readonly refuse: (
      change: Pick<Change, "id" | "kind">,
      end: { readonly reason: WhyNotDone; readonly how: HowNotDone; readonly note?: string },
    ) => Effect.Effect<boolean, DatabaseError>;
    /** Whether the ledger's newest word leaves the user in: they are not disabled, and not removed or lost. */
    readonly mayComeIn: (user: UserId) => Effect.Effect<boolean, DatabaseError>;
    /** Whether no newer change that stands contradicts this one: only then it is looked at again. */
    readonly isNewest: (change: Change) => Effect.Effect<boolean, DatabaseError>;
    /** done, in its grace period → done. `note`: what the final check has found and done, for the history. */
    readonly endGracePeriod: (
      id: OperationId,
      found: { readonly note: string; readonly needsOperator: boolean },
    ) => Effect.Effect<boolean, DatabaseError>;
  }
>()("registrar/ports/Changes") {}
