/** How the ledger as a whole is: for whoever watches the service from outside. */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { DatabaseError } from "./database.ts";

/** Whether the database is one that this build can work with, and its work gets done. */
export interface Readiness {
  /** Every migration that this build needs has run. */
  readonly migrated: boolean;
  /** Something should have been tried again minutes ago, and was not. */
  readonly overdue: boolean;
}

/** How many operations of a kind are in a state. */
export interface Count {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
}

/** How many operations of a kind have ended in a state; `reason`: why, where there is one, else empty. */
export interface ClosedCount extends Count {
  readonly reason: string;
}

/** The ledger in numbers. Ages and times are in seconds; a time is one since the epoch. */
export interface Metrics {
  /** All that were ever closed, also those that were deleted since: the numbers never fall. */
  readonly closed: ReadonlyArray<ClosedCount>;
  readonly open: ReadonlyArray<Count>;
  /** Closed, and with a final check to come. */
  readonly inGracePeriod: ReadonlyArray<Count>;
  /** The sweeper's next try is due; and has been for minutes. */
  readonly due: number;
  readonly overdue: number;
  readonly needOperator: number;
  /** Zero where nothing is open. */
  readonly oldestOpenAge: number;
  /** Null where nothing was ever closed. */
  readonly newestClosedAt: number | null;
}

type Answer<A> = Effect.Effect<A, DatabaseError>;

export class Status extends Context.Service<
  Status,
  {
    /** Asks with one statement that costs the same however large the ledger is. */
    readonly readiness: () => Answer<Readiness>;
    /** Counts with one statement what is open, and what was closed since it was last asked. */
    readonly metrics: () => Answer<Metrics>;
  }
>()("registrar/ports/Status") {}
