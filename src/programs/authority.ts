/**
 * Who may do what: programs that need CAN_MANAGE_USERS and do not check it in the statement that acts ask here first.
 * The statement that answers also writes a refusal to the audit trail.
 */
import { Effect } from "effect";
import { DatabaseRefused, Forbidden, Unavailable } from "../domain/errors.ts";
import { newOperationId, type OperationId } from "../domain/operation.ts";
import type { UserId } from "../domain/user.ts";
import { Access } from "../ports/access.ts";
import { type DatabaseError, onceMore } from "../ports/database.ts";
import type { IdentityProviderError } from "../ports/identity-provider.ts";

/** A caller asks for something that needs the permission to manage users. */
export interface Asked {
  readonly caller: UserId;
  /** Whom it is about; the caller where it is about nobody. For the audit trail. */
  readonly subject?: UserId;
  /** Makes a repeat of the question the same one; a new id where there is none. */
  readonly id?: OperationId;
}

/** Fails unless the caller manages users. `action`: what was asked for, in FLIP's words. */
export const requireManager = Effect.fnUntraced(function* (
  { caller, subject = caller, id = newOperationId() }: Asked,
  action: Forbidden["action"] = "manage users",
) {
  const access = yield* Access;
  const allowed = yield* access
    .mayManageUsers({ id, caller, subject })
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  if (!allowed) return yield* new Forbidden({ caller, action });
});

/** The database did not answer, or refused: nothing was changed. */
export const databaseUnavailable = (cause: DatabaseError) =>
  cause.isRefusal ? new DatabaseRefused({ cause }) : new Unavailable({ dependency: "database", cause });

/** The identity provider did not answer, and nothing was changed. */
export const providerUnavailable = (cause: IdentityProviderError) =>
  new Unavailable({ dependency: "identity provider", cause });
