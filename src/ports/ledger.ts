/**
 * The ledger: one row an operation, moved only by single statements that Postgres makes exclude each other.
 *
 * A method that leaves something due answers when the sweeper is asked for (wake-up.ts), or is known not to be.
 *
 * Every method may be repeated, and may take effect after its caller has given up. What each move means, and who may make it, is docs/protocol.md.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import type {
  AnyOperation,
  ChangeKind,
  ChangeState,
  Forgotten,
  Operation,
  OperationId,
  RefusalReason,
  RegisterUser,
  Registration,
  RegistrationKind,
  State,
  Verdict,
} from "../domain/operation.ts";
import type { Email, RoleId, UserId } from "../domain/user.ts";
import type { DatabaseError } from "./database.ts";

/** Who is moving an operation, for its history and the audit trail: an operator by their id. */
export const Actor = Context.Reference<"request" | "sweeper" | UserId>("registrar/Actor", {
  defaultValue: () => "request",
});

/** What `open` found. Exactly one registration is ever `opened` for one address at a time. */
export type Opening =
  /**
   * This very request's row: new, or what an earlier try of the same statement has come to. `earlier`: those of the address
   * that are registered or completed, and whose users the ledger does not know to be gone.
   */
  | {
      readonly _tag: "Opened";
      readonly registration: Registration | Forgotten;
      readonly earlier: ReadonlyArray<Registration>;
    }
  | { readonly _tag: "Denied" }
  | { readonly _tag: "UnknownRoles"; readonly roles: ReadonlyArray<RoleId> }
  /** The caller's idempotency key belongs to this registration. `userGone`: its user was removed here, or lost. */
  | {
      readonly _tag: "KeyHeld";
      readonly registration: Registration;
      readonly sameRequest: boolean;
      readonly userGone: boolean;
    }
  /** The address belongs to this open registration. */
  | { readonly _tag: "AddressHeld"; readonly registration: Registration }
  /** What holds the key or the address is a row that cannot be read. */
  | { readonly _tag: "Undecodable"; readonly id: OperationId }
  /** A concurrent request won the address or the key; ask again to see it. */
  | { readonly _tag: "Contended" };

/** Why an invitation was not sent, for the history; and whether an operator has to hear of it. */
export interface NotInvited {
  readonly note?: string;
  readonly needsOperator?: boolean;
}

/**
 * What a sweeper has leased, and the ledger as it was just before: how many rows have a time at which they are due, how many
 * of them need an operator, and whether something is past the time for which it is kept.
 */
export interface Lease {
  readonly operations: ReadonlyArray<AnyOperation>;
  readonly open: number;
  readonly needOperator: number;
  readonly toForget: boolean;
}

type Answer<A> = Effect.Effect<A, DatabaseError>;

/** A page of the ledger, newest first; `next` continues it. */
export interface Page {
  readonly items: ReadonlyArray<AnyOperation>;
  readonly next: Cursor | null;
}

/** The place after one row: its start, in UTC to the microsecond, and its id. */
export interface Cursor {
  readonly at: string;
  readonly id: string;
}

/** Which rows: null fields do not filter. `from` is included, `until` is not; both are about the start, in UTC. */
export interface ListQuery {
  readonly state: State | ChangeState | null;
  readonly kind: RegistrationKind | ChangeKind | null;
  readonly needsOperator: boolean | null;
  readonly email: Email | null;
  readonly userId: UserId | null;
  readonly caller: UserId | null;
  readonly from: string | null;
  readonly until: string | null;
  readonly cursor: Cursor | null;
  readonly limit: number;
}

export class Ledger extends Context.Service<
  Ledger,
  {
    /** Checks permission, roles, key and address, and writes the registration as `started`: one statement. */
    readonly open: (command: RegisterUser) => Answer<Opening>;
    /**
     * started → registered, with the audit row and, for `register_with_roles`, the grants. False: it was not `started`, or
     * the address is registered. `known`: the registrations of the address whose users its request has looked for, and not
     * found. Without it the pool keeps addresses apart, and nothing is compared.
     */
    readonly commit: (
      id: OperationId,
      sub: UserId,
      known?: ReadonlyArray<OperationId> | null,
    ) => Answer<boolean>;
    /** started → rolling_back. Answers the state that a statement reads which begins afterwards. */
    readonly fence: (id: OperationId) => Answer<State>;
    /**
     * rolling_back → rolled_back. `consumed`: the create is used up (a user was returned or found, and deleted);
     * otherwise the registration gets a grace period, until no create can land any more. `sub`: whom we deleted.
     * `note`: what the history says of it.
     */
    readonly markRolledBack: (
      id: OperationId,
      end: { readonly consumed: boolean; readonly sub: UserId | null; readonly note?: string },
    ) => Answer<boolean>;
    /**
     * started → rejected, with the verdict; with a grace period where the outcome of the create is unknown. `reason`: why
     * Cognito refused, where it did.
     */
    readonly reject: (
      id: OperationId,
      verdict: Verdict,
      outcomeUnknown: boolean,
      reason: RefusalReason | null,
    ) => Answer<boolean>;
    /** started → rolled_back where no create of this registration can land: the key and the address are free again. */
    readonly abandon: (id: OperationId) => Answer<boolean>;
    /**
     * The caller has been told: from now on others may finish this registered registration. False: it is not registered, or
     * its user has been disabled or removed since: the sweeper finishes it.
     */
    readonly acknowledge: (id: OperationId) => Answer<boolean>;
    /** registered → completed. */
    readonly complete: (id: OperationId, notInvited?: NotInvited) => Answer<boolean>;
    /**
     * Notes that a registered user was not found. Two such looks a horizon apart make the registration `user_lost` and
     * write the compensating audit row. `lookedAt`: the database's time when this look began.
     */
    readonly missing: (id: OperationId, lookedAt: string) => Answer<State>;
    /** A registered user thought missing was seen again. */
    readonly seen: (id: OperationId) => Answer<boolean>;
    /** The final check of a closed registration was made, or `note` says why not. `sub`: whom it found, and deleted. */
    readonly endGracePeriod: (id: OperationId, sub: UserId | null, note?: string) => Answer<boolean>;
    /** An operator was called to an operation that is not open, and has heard it. */
    readonly heard: (id: OperationId, note: string) => Answer<boolean>;
    /** Reads one row of the ledger in a new statement. */
    readonly find: (id: OperationId) => Answer<Option.Option<AnyOperation>>;
    /**
     * Whose a user at a registration's address is, where no tag says so: `registered` by another registration, or perhaps
     * that of another which is `open`; `nobody` of whom the ledger knows.
     */
    readonly holderOf: (
      registration: Pick<Registration, "id" | "email">,
      sub: UserId,
    ) => Answer<"registered" | "open" | "nobody">;
    /**
     * Takes up to `limit` due rows, the most urgent first and each for one sweeper only, and puts their next try off.
     * Rollbacks are the most urgent, then final checks, then changes, then what only waits to be finished or invited. It
     * asks for the next sweep: when the next row of the ledger is due, whoever has it now.
     */
    readonly lease: (limit: number) => Answer<Lease>;
    /** Calls an operator to a row that cannot be read; it is looked at again a day later. */
    readonly setAside: (id: OperationId) => Answer<boolean>;
    /**
     * Notes why a row could not be resolved, unless it has been closed since it was read; `needsOperator` calls an
     * operator at once, without waiting for ten tries.
     */
    readonly defer: (
      operation: Pick<Operation, "id" | "state">,
      error: string,
      needsOperator: boolean,
    ) => Answer<boolean>;
    /**
     * Forgets what is past its time, a few hundred rows at once: idempotency keys; what is personal in closed operations;
     * closed operations that nothing needs any more. `more`: there may be as much again.
     */
    readonly expire: () => Answer<{
      readonly keysExpired: number;
      readonly addressesForgotten: number;
      readonly operationsDeleted: number;
      readonly more: boolean;
    }>;
    /** Lists the ledger, newest first. */
    readonly list: (query: ListQuery) => Answer<Page>;
  }
>()("registrar/ports/Ledger") {}
