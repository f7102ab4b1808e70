/** Who may do what: FLIP's roles, permissions and grants. */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Edition } from "../domain/edition.ts";
import type { OperationId } from "../domain/operation.ts";
import type { IfMatch, RoleId, UserId } from "../domain/user.ts";
import type { DatabaseError } from "./database.ts";

/** A role as FLIP's clients know it. */
export interface Role {
  readonly id: RoleId;
  readonly rolename: string;
  readonly roledescription: string;
}

/** What FLIP's table has of a user: empty texts where it has nothing. Null: the database keeps no profiles. */
export type KeptProfile = { readonly name: string; readonly organisation: string } | null;

/** What the database knows of a user's account, whatever the pool says. Times are ISO text in UTC. */
export interface Account {
  readonly profile: KeptProfile;
  readonly roles: ReadonlyArray<Role>;
  /** How many invitations were sent from here, and when the last was. */
  readonly invitations: { readonly count: number; readonly lastAt: string | null };
  /** Cognito has told that it could not deliver the invitation, and it has not been sent since. */
  readonly deliveryFailed: boolean;
  /** Who has disabled them, where that is the ledger's newest word. */
  readonly disabledBy: { readonly userId: UserId; readonly at: string } | null;
  readonly openOperations: ReadonlyArray<{ readonly operationId: OperationId; readonly kind: string }>;
}

/** Somebody asks for something that needs CAN_MANAGE_USERS. `id` makes a repeat of the question the same one. */
export interface Question {
  readonly id: OperationId;
  readonly caller: UserId;
  /** About whom; the caller where it is about nobody. */
  readonly subject: UserId;
}

/** What the check of a caller says. */
export interface Permission {
  readonly allowed: boolean;
  /** The database's clock when it was asked, as ISO text: what follows in this request counts its budget from here. */
  readonly askedAt: string;
  /** Whose sentences this deployment's callers hear. */
  readonly edition: Edition;
}

/** What a change has to bring to be written in its time, and to leave somebody who manages users. */
export interface Standing {
  /** `askedAt` of the check that the request began with. */
  readonly askedAt: string;
  /** Holders of CAN_MANAGE_USERS whom the pool lets in, as it has just said. Nobody else counts as one who is left. */
  readonly confirmed: ReadonlyArray<UserId>;
}

export interface SetRoles extends Question, Standing {
  /** The user's ownership tag: a registration that may still roll them back. */
  readonly tag: string | null;
  readonly roles: ReadonlyArray<RoleId>;
  /** Absent: the user may have changed as they like since the caller looked. */
  readonly ifMatch?: IfMatch;
}

export type RolesSet =
  /** `etag`: of the user as they are now. */
  | { readonly _tag: "Set"; readonly etag: string }
  | PreconditionFailed
  | { readonly _tag: "Denied" }
  | { readonly _tag: "UnknownRoles"; readonly roles: ReadonlyArray<RoleId> }
  /** The user has been deleted, or is about to be: a `sub` never comes back. */
  | { readonly _tag: "Removed" }
  /** The user's registration has not kept them: it is under way, or they are left over from it. */
  | { readonly _tag: "Unresolved"; readonly id: OperationId }
  | TooLate
  /** Somebody has set other roles who asked later. Theirs stand: these. The trail says so under the id. */
  | { readonly _tag: "Overtaken"; readonly roles: ReadonlyArray<RoleId> }
  | LastManager;

/** The statement had its turn when the request's budget was over, and did nothing. */
export interface TooLate {
  readonly _tag: "TooLate";
}

/** The user's entity tag is none of those that were named, and nothing was done. */
export interface PreconditionFailed {
  readonly _tag: "PreconditionFailed";
}

/** No confirmed holder of CAN_MANAGE_USERS would be left. */
export interface LastManager {
  readonly _tag: "LastManager";
  /** Who else holds the permission, by grants and ledger: the caller first. Whether they can come in, the pool knows. */
  readonly others: ReadonlyArray<UserId>;
}

export class Access extends Context.Service<
  Access,
  {
    /** Whether the caller holds CAN_MANAGE_USERS. If not, that they asked is written to the audit trail. */
    readonly mayManageUsers: (question: Question) => Effect.Effect<Permission, DatabaseError>;
    /**
     * Replaces a user's grants, with the audit row: one transaction, one after the other for each user. Once its turn
     * has come it compares the database's clock with `askedAt`, and does nothing where the budget is over.
     */
    readonly setRoles: (command: SetRoles) => Effect.Effect<RolesSet, DatabaseError>;
    readonly roles: () => Effect.Effect<ReadonlyArray<Role>, DatabaseError>;
    /** What the database knows of each of these users' accounts, in one statement. */
    readonly accountsOf: (
      users: ReadonlyArray<UserId>,
    ) => Effect.Effect<ReadonlyMap<UserId, Account>, DatabaseError>;
    /**
     * A user's profile; and their entity tag, for a caller who manages users, and null for anybody else. It changes with the
     * user's grants and profile, and with the newest operation on them.
     */
    readonly lookUp: (
      caller: UserId,
      user: UserId,
    ) => Effect.Effect<{ readonly etag: string | null; readonly profile: KeptProfile }, DatabaseError>;
    /** Whose name or organisation has such a part, in any case; nobody where the database keeps no profiles. */
    readonly profilesLike: (part: string) => Effect.Effect<ReadonlySet<UserId>, DatabaseError>;
    /** Whether the ledger has removed a user, or lost them: their tokens say nothing any more. */
    readonly isRemoved: (user: UserId) => Effect.Effect<boolean, DatabaseError>;
    /** Which of these users have done or asked for something here, about somebody else: they have signed in. */
    readonly haveActed: (users: ReadonlyArray<UserId>) => Effect.Effect<ReadonlyArray<UserId>, DatabaseError>;
    /**
     * The names of a user's permissions, without repeats; null where they have no role at all. Whom the ledger's newest
     * word has disabled, removed or lost has none.
     */
    readonly permissionsOf: (user: UserId) => Effect.Effect<ReadonlyArray<string> | null, DatabaseError>;
  }
>()("registrar/ports/Access") {}
