/**
 * What the contract suites need of a thing under test, beside its layer: somebody's hands behind its back, to see what
 * it did and to let time pass. Memory and the real parts each bring their own.
 */

import type { it } from "@effect/vitest";
import type { Effect, Layer } from "effect";
import type { RoleId, UserId } from "../../src/domain/user.ts";
import type { Access, KeptProfile } from "../../src/ports/access.ts";
import type { Changes } from "../../src/ports/changes.ts";
import type { Directory } from "../../src/ports/directory.ts";
import type { IdentityProvider } from "../../src/ports/identity-provider.ts";
import type { Ledger } from "../../src/ports/ledger.ts";

/** `it.effect` where time is TestClock's, `it.live` where it is real. */
export type Tester = typeof it.effect | typeof it.live;

export interface LedgerSubject {
  readonly layer: Layer.Layer<Ledger | Changes | Access>;
  /** The same tables, used by a deployment that forgets no address and deletes no operation. */
  readonly keeping: Layer.Layer<Ledger | Changes | Access>;
  /** An administrator; one without permission; two roles that exist, neither of which manages users. */
  readonly admin: UserId;
  readonly viewer: UserId;
  /** An app client of the deployment, as a caller in its own name. */
  readonly machine: UserId;
  readonly roles: readonly [RoleId, RoleId];
  /** The role with CAN_MANAGE_USERS, which the administrator has, and nobody else. */
  readonly managing: RoleId;
  /** Seconds, for every registration there is. */
  readonly age: (seconds: number) => Effect.Effect<void>;
  readonly audit: Effect.Effect<
    ReadonlyArray<{
      readonly id: string;
      readonly action: string;
      readonly userId: string;
      readonly by: string;
    }>
  >;
  /** The records of roles before and after, by the id of the audit row. */
  readonly roleChanges: Effect.Effect<
    ReadonlyArray<{
      readonly id: string;
      readonly caller: string;
      readonly subject: string;
      readonly before: ReadonlyArray<string>;
      readonly after: ReadonlyArray<string>;
    }>
  >;
  /** How often who was denied what, by the id of the audit row that stands for all of it. */
  readonly denials: Effect.Effect<
    ReadonlyArray<{
      readonly id: string;
      readonly caller: string;
      readonly action: string;
      readonly times: number;
    }>
  >;
  /** A grant that somebody else has written, FLIP for instance. */
  readonly grant: (sub: UserId, role: RoleId) => Effect.Effect<void>;
  /** The global grants. */
  readonly grants: (sub: UserId) => Effect.Effect<ReadonlyArray<string>>;
  /** Whether FLIP's tables have grants of one trust, and profiles. */
  readonly trusts: boolean;
  readonly profiles: boolean;
  /** What FLIP's table has of a user; null: nothing. */
  readonly profile: (sub: UserId) => Effect.Effect<KeptProfile>;
  /** A grant at one trust, which FLIP has written. */
  readonly grantAtTrust: (sub: UserId, role: RoleId) => Effect.Effect<void>;
  readonly grantsAtTrust: (sub: UserId) => Effect.Effect<ReadonlyArray<string>>;
  /** An empty ledger, an empty audit, and no grant but the administrator's. */
  readonly reset: Effect.Effect<void>;
}

/** What pools promise differently. */
export interface PoolPromises {
  /** Whether a second user of an address is refused by the pool. */
  readonly oneUserAnAddress: boolean;
  /** A new user's status: FORCE_CHANGE_PASSWORD where they get a temporary password, and so an invitation. */
  readonly firstStatus: "FORCE_CHANGE_PASSWORD" | "CONFIRMED";
  /** Whether a second factor can be switched off. */
  readonly secondFactorsEnd: boolean;
}

/** What FLIP's pool promises. */
export const FLIP_POOL: PoolPromises = {
  oneUserAnAddress: true,
  firstStatus: "FORCE_CHANGE_PASSWORD",
  secondFactorsEnd: true,
};

export interface PoolSubject {
  readonly promises: PoolPromises;
  readonly layer: Layer.Layer<IdentityProvider | Directory>;
  /** A user made by hand, without a tag. */
  readonly addByHand: (email: string) => Effect.Effect<UserId>;
  /** A user of another identity provider: only their user name finds them, and it is not their `sub`. */
  readonly addFederated: (email: string) => Effect.Effect<UserId>;
  readonly confirm: (sub: UserId) => Effect.Effect<void>;
  /** Gives a user a second factor. */
  readonly enrol: (sub: UserId) => Effect.Effect<void>;
  /** To whom mails went, by `sub`, in order. */
  readonly mails: Effect.Effect<ReadonlyArray<string>>;
  readonly reset: Effect.Effect<void>;
}
