/** The audit trail for administrators and auditors: who did what to whom, and when. */
import * as Effect from "effect/Effect";
import type { UserId } from "../domain/user.ts";
import { type AuditQuery, AuditTrail } from "../ports/audit-trail.ts";
import { spanned } from "../ports/trace.ts";
import { databaseUnavailable, requireManager } from "./authority.ts";

/** A page of the trail, newest first, for a caller who manages users. */
export const readAudit = spanned("readAudit")(function* (caller: UserId, query: AuditQuery) {
  yield* requireManager({ caller });
  return yield* auditPage(query);
});

/** A page of the trail. The caller's permission was checked before. */
export const auditPage = spanned("auditPage")(function* (query: AuditQuery) {
  const trail = yield* AuditTrail;
  return yield* trail.page(query).pipe(Effect.mapError(databaseUnavailable));
});
