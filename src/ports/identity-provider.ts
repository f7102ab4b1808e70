/**
 * The directory that holds the users: what Registrar asks of it, and what each failure proves.
 *
 * A user is found by address, but removed and invited only by `sub`. What the provider calls a user is its own affair;
 * whoever hands it back what it said saves it a look-up, and no more.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { type NewUser, RefusalReason } from "../domain/operation.ts";
import type { Email, UserId } from "../domain/user.ts";
import { failureName } from "./failure-name.ts";

/** The address already has a user. Proves: this call created nothing. */
export class UserAlreadyExists extends Schema.TaggedError<UserAlreadyExists>()("UserAlreadyExists", {}) {}

/** The provider refused what was asked. Proves: no effect; the same request will be refused again. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", { why: RefusalReason }) {}

/** The provider asks us to slow down. Proves: no effect. */
export class Throttled extends Schema.TaggedError<Throttled>()("Throttled", {}) {}

/** Pool, credentials or permissions are wrong. Proves: no effect; an operator has to mend the deployment. */
export class Misconfigured extends Schema.TaggedError<Misconfigured>()("Misconfigured", {
  why: RefusalReason,
}) {}

/** No answer, or none that can be read. Proves nothing: the call may have taken effect, or may still. */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("OutcomeUnknown", {}) {}

/** The one error of this service. `reason` says what the failure proves; `cause` is for the log alone. */
export class IdentityProviderError extends Schema.TaggedError<IdentityProviderError>()(
  "IdentityProviderError",
  {
    operation: Schema.Literals([
      "create",
      "find",
      "remove",
      "invite",
      "list",
      "enable",
      "disable",
      "reset MFA",
    ]),
    reason: Schema.Union([UserAlreadyExists, Refused, Throttled, Misconfigured, OutcomeUnknown]),
    cause: Schema.Defect(),
  },
) {
  /** The call and the provider's name for the failure, for the ledger: `remove: TooManyRequestsException`. */
  get inAWord(): string {
    return `${this.operation}: ${failureName(this.cause) ?? this.reason._tag}`;
  }
}

/** A user whom the provider is to act on. `username`: what it called them in this attempt, if it did. */
export interface KnownUser {
  readonly sub: UserId;
  readonly username?: string | null;
}

/**
 * A user of the pool. `username`: the pool's own name for them, which need not be the `sub`. `tag`: the ownership tag, the
 * id of the registration that created them, if one did.
 */
export interface PoolUser extends KnownUser {
  readonly username: string;
  readonly tag: string | null;
}

export class IdentityProvider extends Context.Service<
  IdentityProvider,
  {
    /** Sends one AdminCreateUser, never repeated: a repeat would read its own success as "already exists". */
    readonly create: (user: NewUser) => Effect.Effect<PoolUser, IdentityProviderError>;
    /**
     * Reads one user, by address or by `sub`. Where users have names of their own, an address may be found late, and finds
     * the user who was made first of those who have it.
     */
    readonly find: (key: Email | UserId) => Effect.Effect<Option.Option<PoolUser>, IdentityProviderError>;
    /**
     * Reads the user whom a registration has created. Where only the address finds them, it is whoever has that: the
     * caller compares the tag.
     */
    readonly findOwn: (
      registration: Pick<NewUser, "id" | "email">,
    ) => Effect.Effect<Option.Option<PoolUser>, IdentityProviderError>;
    /**
     * Local users who have the address, and whom a create would not meet: in another spelling, where the pool tells
     * spellings apart, or by a user name of their own; in any spelling, where all have such names. In any other pool nobody, and nothing is asked. It may
     * lag behind what has just been created or deleted.
     */
    readonly unmetHolders: (email: Email) => Effect.Effect<ReadonlyArray<PoolUser>, IdentityProviderError>;
    /** Deletes the user with this `sub`. Succeeds when they are gone; `absent`: every look-up finds nobody. */
    readonly remove: (user: KnownUser) => Effect.Effect<"deleted" | "absent", IdentityProviderError>;
    /** Sends (again) the invitation. `notNeeded`: the user has signed in, or does so elsewhere, and needs none. */
    readonly invite: (
      user: KnownUser,
    ) => Effect.Effect<"sent" | "notNeeded" | "absent", IdentityProviderError>;
    /** False where the deployment has no ownership tag: then no user is deleted whom the create did not return. */
    readonly tagsUsers: boolean;
    /** Whether two users may have one address as far as the pool is concerned: then the ledger keeps them apart. */
    readonly sharesAddresses: boolean;
  }
>()("registrar/ports/IdentityProvider") {}
