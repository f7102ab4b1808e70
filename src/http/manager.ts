/** What needs CAN_MANAGE_USERS asks here first. A refusal is written to the audit trail by the same statement. */
import { Effect } from "effect";
import { Forbidden, Unavailable } from "../domain/errors.ts";
import { OperationId } from "../domain/operation.ts";
import { UserId } from "../domain/user.ts";
import { Access } from "../ports/access.ts";
import { type DatabaseError, onceMore } from "../ports/database.ts";
import type { IdentityProviderError } from "../ports/identity-provider.ts";
import type { AppContext } from "./handler.ts";
import { decode } from "./validation.ts";

export const databaseUnavailable = (cause: DatabaseError) =>
  new Unavailable({ dependency: "database", cause });

export const providerUnavailable = (cause: IdentityProviderError) =>
  new Unavailable({ dependency: "identity provider", cause });

/** Fails unless the caller manages users. `subject`: about whom he asks, for the audit trail. */
export const requireManager = Effect.fnUntraced(function* (
  c: AppContext,
  action: Forbidden["action"] = "manage users",
  subject: UserId = c.get("caller").sub,
) {
  const access = yield* Access;
  const caller = c.get("caller").sub;
  const allowed = yield* access
    .mayManageUsers({ id: newId(), caller, subject })
    .pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
  if (!allowed) return yield* new Forbidden({ caller, action });
});

/** A new id for what is about to be written. */
export const newId = () => OperationId.make(crypto.randomUUID());

/** The `user_id` of the path: a UUID, else 422. */
export const pathUser = (c: AppContext) => decode(UserId, c.req.param("user"), ["path", "user_id"]);
