/**
 * What a database needs that nobody manages users in yet: roles, and somebody who holds the one that manages users. Whoever may
 * run this holds the deployment's keys: nobody's permission is asked.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { OperationId, RegisterUser } from "../domain/operation.ts";
import type { RoleId, UserId } from "../domain/user.ts";
import type { DatabaseError } from "./database.ts";
import type { Opening } from "./ledger.ts";

/** Who is to hold a role that manages users, and whom else the pool does not let in. */
export interface FirstGrant {
  readonly id: OperationId;
  readonly sub: UserId;
  readonly role: RoleId;
  /** The user's ownership tag. */
  readonly tag: string | null;
  readonly discounted: ReadonlyArray<UserId>;
}

export type FirstGranted =
  | { readonly _tag: "Granted" }
  /** Somebody who is not discounted manages users. */
  | { readonly _tag: "Managed" }
  /** The ledger's newest word on the user: disabled, removed or lost. */
  | { readonly _tag: "NotLetIn" }
  /** A registration has created the user and has not kept them. */
  | { readonly _tag: "Unresolved"; readonly id: OperationId };

export class FirstManager extends Context.Service<
  FirstManager,
  {
    /** Writes FLIP's roles where there are none, and its permissions where there are none. How many of each it wrote. */
    readonly seed: () => Effect.Effect<
      { readonly roles: number; readonly permissions: number },
      DatabaseError
    >;
    /** The roles that hold CAN_MANAGE_USERS. */
    readonly managingRoles: () => Effect.Effect<ReadonlyArray<RoleId>, DatabaseError>;
    /** Who manages users, by grants and ledger; no machine. */
    readonly managers: () => Effect.Effect<ReadonlyArray<UserId>, DatabaseError>;
    /**
     * Opens the registration of whoever is to manage users first. Until the user is known, the operation's own id stands for
     * its caller; with the commit they are it. Denied: somebody who is not discounted manages users.
     */
    readonly open: (
      command: RegisterUser,
      discounted: ReadonlyArray<UserId>,
    ) => Effect.Effect<Opening, DatabaseError>;
    /** Grants the role to a user who is there already, with an audit row in their own name. */
    readonly grant: (grant: FirstGrant) => Effect.Effect<FirstGranted, DatabaseError>;
  }
>()("registrar/ports/FirstManager") {}
