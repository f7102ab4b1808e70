/**
 * The ledger: one row per attempt, moved only by single statements that Postgres makes exclude each other.
 *
 * Every method may be repeated, and may take effect after its caller has given up. The SQL behind it is
 * RegistrationsSql.ts; what each move means, and who may make it, is docs/protocol.md.
 */
import { Context, type Effect, type Option } from "effect";
import type {
  Attempt,
  Entry,
  ErrandState,
  RegisterUser,
  RegistrationId,
  State,
  Verdict,
} from "../domain/Registration.ts";
import type { RoleId, UserId } from "../domain/User.ts";
import type { DatabaseError } from "./Database.ts";

/** Who is moving the attempt, for its history. */
export const Actor = Context.Reference<"worker" | "sweeper" | "operator">("registrar/Actor", {
  defaultValue: () => "worker",
});

/** What `open` found. Exactly one attempt is ever `opened` for one address at a time. */
export type Opening =
  | { readonly _tag: "Opened"; readonly attempt: Attempt }
  | { readonly _tag: "Denied" }
  | { readonly _tag: "UnknownRoles"; readonly roles: ReadonlyArray<RoleId> }
  /** The caller's idempotency key belongs to this attempt. */
  | { readonly _tag: "KeyHeld"; readonly attempt: Attempt; readonly sameRequest: boolean }
  /** The address belongs to this open attempt. */
  | { readonly _tag: "AddressHeld"; readonly attempt: Attempt }
  /** A concurrent request won the address or the key; ask again to see it. */
  | { readonly _tag: "Contended" };

type Ledger<A> = Effect.Effect<A, DatabaseError>;

/** A page of the ledger, newest first; `next` continues it. */
export interface Page {
  readonly items: ReadonlyArray<Entry>;
  readonly next: Cursor | null;
}

/** The place after one row: its start, in UTC to the microsecond, and its id. */
export interface Cursor {
  readonly at: string;
  readonly id: string;
}

export interface ListQuery {
  readonly state: State | ErrandState | null;
  readonly needsOperator: boolean | null;
  readonly cursor: Cursor | null;
  readonly limit: number;
}

export class Registrations extends Context.Service<
  Registrations,
  {
    /** Checks permission, roles, key and address, and writes the attempt as `started`: one statement. */
    readonly open: (command: RegisterUser) => Ledger<Opening>;
    /** started → registered, with the audit row and, for `step`, the grants. False: it was not `started`. */
    readonly commit: (id: RegistrationId, sub: UserId) => Ledger<boolean>;
    /** started → rolling_back. Answers the state that a statement begun afterwards has read. */
    readonly fence: (id: RegistrationId) => Ledger<State>;
    /**
     * rolling_back → rolled_back. `consumed`: the create is used up (a user was returned or found, and deleted);
     * otherwise the attempt stays under watch until no create can land any more. `sub`: whom we deleted.
     */
    readonly settle: (
      id: RegistrationId,
      end: { readonly consumed: boolean; readonly sub: UserId | null },
    ) => Ledger<boolean>;
    /** started → rejected, with the verdict; under watch where there was doubt. */
    readonly reject: (id: RegistrationId, verdict: Verdict, doubt: boolean) => Ledger<boolean>;
    /** started → rolled_back where no create of this attempt can land: the key and the address are free again. */
    readonly abandon: (id: RegistrationId) => Ledger<boolean>;
    /** The caller has been told: from now on others may finish this registered attempt. */
    readonly acknowledge: (id: RegistrationId) => Ledger<boolean>;
    /** registered → completed. */
    readonly complete: (id: RegistrationId) => Ledger<boolean>;
    /**
     * Notes that a registered user was not found. Two such looks a horizon apart make the attempt `user_lost` and
     * write the compensating audit row. `lookedAt`: the database's time when this look began.
     */
    readonly missing: (id: RegistrationId, lookedAt: string) => Ledger<State>;
    /** A registered user thought missing was seen again. */
    readonly seen: (id: RegistrationId) => Ledger<boolean>;
    /** The last look of a closed attempt's watch was taken. `sub`: whom that look found, and deleted. */
    readonly unwatch: (id: RegistrationId, sub: UserId | null) => Ledger<boolean>;
    /** Reads one row of the ledger in a new statement. */
    readonly find: (id: RegistrationId) => Ledger<Option.Option<Entry>>;
    /** Takes up to `limit` due rows, each for one sweeper only, and puts their next try off. */
    readonly lease: (limit: number) => Ledger<ReadonlyArray<Entry>>;
    /**
     * Notes why a row could not be settled, unless it has been closed since it was read; `needsOperator` marks it at
     * once, without waiting for ten tries.
     */
    readonly defer: (
      entry: Pick<Entry, "id" | "state">,
      error: string,
      needsOperator: boolean,
    ) => Ledger<boolean>;
    /** Forgets idempotency keys that are past their time, and counts what is still open. */
    readonly tidy: () => Ledger<{
      readonly keysForgotten: number;
      readonly open: number;
      readonly needOperator: number;
    }>;
    /** Lists the ledger, newest first. */
    readonly list: (query: ListQuery) => Ledger<Page>;
  }
>()("registrar/services/Registrations") {}
