/**
 * The users of the pool as administrators see and change them: everything that is not part of a registration.
 *
 * A profile is read by AdminGetUser, which shows the latest; only the list is ListUsers, which may lag.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import type { UserId } from "../domain/user.ts";
import type { IdentityProviderError } from "./identity-provider.ts";

/** Cognito's `UserStatus` of a user whom another identity provider signs in. */
export const EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER";

/** A user of the pool. `email` as the pool has it, which older accounts may have in another form than ours. */
export interface Profile {
  readonly sub: UserId;
  /** The ownership tag: the id of the registration that created them, if one did. */
  readonly tag: string | null;
  readonly email: string;
  /** Whether the pool has seen that the address is theirs. */
  readonly emailVerified: boolean;
  /** What the user is called; null where the pool does not say. */
  readonly name: string | null;
  readonly enabled: boolean;
  /** Cognito's `UserStatus`: FORCE_CHANGE_PASSWORD until the first sign-in. */
  readonly status: string;
  /** Whether a time-based one-time password is switched on. */
  readonly totp: boolean;
}

/** Some users in the pool's own order. `next` continues; null: that was the last page. */
export interface ProfilePage {
  readonly users: ReadonlyArray<Omit<Profile, "totp">>;
  readonly next: string | null;
}

export class Directory extends Context.Service<
  Directory,
  {
    /** By `sub`, or by address as the pool has it: where case counts there, another spelling finds nobody. */
    readonly profile: (key: string) => Effect.Effect<Option.Option<Profile>, IdentityProviderError>;
    /** At most `limit` (1 to 60) users, from the place that `cursor` names. */
    readonly page: (
      limit: number,
      cursor: string | null,
    ) => Effect.Effect<ProfilePage, IdentityProviderError>;
    /** Lets a user sign in, or not. Succeeds also where it was so already; `absent`: there is no such user. */
    readonly setEnabled: (
      sub: UserId,
      enabled: boolean,
    ) => Effect.Effect<"done" | "absent", IdentityProviderError>;
    /**
     * Deletes the user's authenticator app, switches off the second factors that they have, and signs the user out
     * everywhere. `done` says that each was asked for; `secondFactors` says what is left.
     */
    readonly resetMfa: (sub: UserId) => Effect.Effect<"done" | "absent", IdentityProviderError>;
    /** The user's second factors by Cognito's names, such as SOFTWARE_TOKEN_MFA, SMS_MFA and WEB_AUTHN (a passkey). */
    readonly secondFactors: (
      sub: UserId,
    ) => Effect.Effect<ReadonlyArray<string> | "absent", IdentityProviderError>;
  }
>()("registrar/ports/Directory") {}
