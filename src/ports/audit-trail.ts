/** Who did what to whom and when, read only. The SQL behind it is AuditTrailPostgres.ts. */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { RoleId, UserId } from "../domain/user.ts";
import type { DatabaseError } from "./database.ts";

/** A role in a record of the past; `rolename` is null where there is no such role any more. */
export interface PastRole {
  readonly id: RoleId;
  readonly rolename: string | null;
}

/** All the roles that a user had before a change, and has had since. */
export interface RoleChange {
  readonly before: ReadonlyArray<PastRole>;
  readonly after: ReadonlyArray<PastRole>;
}

/** What a row about denials stands for: how many there were in its hour, and when the first and the last was. */
export interface Denials {
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

/** One row of the trail. `at`: an ISO string in UTC, to the microsecond. */
export interface AuditEntry {
  readonly id: string;
  readonly action: string;
  readonly subject: UserId;
  /** The address with which the ledger has registered the subject; null where it has not. */
  readonly subjectEmail: string | null;
  readonly actor: UserId;
  readonly actorEmail: string | null;
  readonly at: string;
  /** Null where the row tells of no change of roles, or of one that nobody has recorded. */
  readonly roles: RoleChange | null;
  /** Null where the row tells of no denial. */
  readonly denials: Denials | null;
}

/** Where to begin: null fields do not filter. `from` is included, `until` is not. */
export interface AuditQuery {
  readonly actor: UserId | null;
  readonly subject: UserId | null;
  readonly action: string | null;
  readonly from: string | null;
  readonly until: string | null;
  readonly cursor: { readonly at: string; readonly id: string } | null;
  readonly limit: number;
}

export class AuditTrail extends Context.Service<
  AuditTrail,
  {
    /** A page, newest first. `next` is the cursor of the rest; null: that was all. */
    readonly page: (
      query: AuditQuery,
    ) => Effect.Effect<
      { readonly entries: ReadonlyArray<AuditEntry>; readonly next: AuditQuery["cursor"] },
      DatabaseError
    >;
  }
>()("registrar/ports/AuditTrail") {}
