/**
 * What the database knows of people, read beside the pool by whoever compares the two, and the two moves that bring them
 * together again.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { OperationId } from "../domain/operation.ts";
import type { Email, Name, UserId } from "../domain/user.ts";
import type { DatabaseError } from "./database.ts";

/** What the database knows of one user, whatever the pool says. */
export interface UserRecord {
  readonly sub: UserId;
  /** The address of their newest registration, where the ledger has one. */
  readonly email: string | null;
  /** The audit trail says that they were registered or adopted. */
  readonly isRecorded: boolean;
  /** The ledger has removed them, or lost them. */
  readonly isGone: boolean;
  /** What the ledger's newest word on them says; null where there is none. */
  readonly newestSwitch: "enable" | "disable" | null;
  /** How many grants they hold. */
  readonly grants: number;
  /** An operation on them is under way, or waits for its final check: what differs now may not in a minute. */
  readonly isMoving: boolean;
}

/** Whom to look up: the pool's `sub`, and the ownership tag where they have one. */
export interface Whom {
  readonly sub: UserId;
  readonly tag: string | null;
}

/** Who writes somebody down, or moves their grants. */
export interface Move {
  readonly id: OperationId;
  readonly caller: UserId;
}

export type Adoption =
  /** `id`: of the operation and of its audit row. */
  | { readonly _tag: "Adopted"; readonly id: OperationId }
  | { readonly _tag: "Denied" }
  /** The trail has them already. */
  | { readonly _tag: "Recorded" }
  /** The ledger has removed or lost them: a `sub` never comes back. */
  | { readonly _tag: "Gone" }
  /** A registration has created them and has not kept them: it is under way, or they are left over from it. */
  | { readonly _tag: "Unresolved"; readonly id: OperationId };

export type GrantsMoved =
  /** How many grants have moved: none where a try before has moved them. */
  | { readonly _tag: "Moved"; readonly grants: number }
  | { readonly _tag: "Denied" }
  /** The ledger's newest word on whoever is to get them: disabled, removed or lost. */
  | { readonly _tag: "NotLetIn" };

export class Records extends Context.Service<
  Records,
  {
    /** What is known of each of these, in their order. */
    readonly of: (users: ReadonlyArray<Whom>) => Effect.Effect<ReadonlyArray<UserRecord>, DatabaseError>;
    /** Up to `limit` users whom the database knows, by id, after this one. */
    readonly page: (
      after: UserId | null,
      limit: number,
    ) => Effect.Effect<ReadonlyArray<UserRecord>, DatabaseError>;
    /** Writes somebody down who is in the pool, as a completed operation with its audit row: one statement. */
    readonly adopt: (
      adopted: Move & Whom & { readonly email: Email; readonly name: Name | null },
    ) => Effect.Effect<Adoption, DatabaseError>;
    /** Gives all the grants of one user to another, each with an audit row: one transaction, in line with all changes of roles. */
    readonly moveGrants: (
      move: Move & { readonly from: UserId; readonly to: UserId; readonly askedAt: string },
    ) => Effect.Effect<GrantsMoved, DatabaseError>;
  }
>()("registrar/ports/Records") {}
