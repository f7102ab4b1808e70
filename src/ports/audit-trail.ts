/** Who did what to whom and when, read only. The SQL behind it is AuditTrailPostgres.ts. */
import { Context, type Effect } from "effect";
import type { UserId } from "../domain/user.ts";
import type { DatabaseError } from "./database.ts";

/** One row of the trail. `at`: an ISO string in UTC, to the microsecond. */
export interface AuditEntry {
  readonly id: string;
  readonly action: string;
  readonly subject: UserId;
  readonly actor: UserId;
  readonly at: string;
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
