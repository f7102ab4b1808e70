/** What the API answers with, as far as the console reads it. A unit test holds each field to the OpenAPI document. */

export interface Role {
  readonly id: string;
  readonly rolename: string;
  readonly roledescription: string;
}

/** A user in the list, for who manages users. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly name?: string;
  readonly organisation?: string;
  readonly isDisabled: boolean;
  readonly roles: ReadonlyArray<Role>;
  readonly status: Status;
  readonly federated: boolean;
  readonly invitations: { readonly count: number; readonly lastAt: string | null };
  readonly deliveryFailed: boolean;
  readonly temporaryPasswordExpiresAt: string | null;
  readonly disabledBy: { readonly userId: string; readonly at: string } | null;
  readonly openOperations: ReadonlyArray<{ readonly operationId: string; readonly kind: string }>;
}

export type Status =
  | "invited"
  | "active"
  | "ready"
  | "federated"
  | "password_reset_required"
  | "unconfirmed"
  | "other";

/** One user, for who manages users. */
export interface Account extends Person {
  readonly secondFactors: ReadonlyArray<string>;
}

/** A page of the users: numbered, or where the pool is large or `cursor` was asked for, with what continues it. */
export interface People {
  readonly page?: number;
  readonly totalPages?: number;
  readonly totalRecords?: number;
  readonly data: ReadonlyArray<Person>;
  readonly next?: string | null;
}

/** One line of an operation's history. `by`: request, sweeper or operator. */
export interface Moved {
  readonly at: string;
  readonly state: string;
  readonly by: string;
  readonly who?: string;
  readonly note?: string;
}

/** An operation of the ledger. A row that cannot be read has `undecodable`, and no history. */
export interface Operation {
  readonly operationId: string;
  readonly kind: string | null;
  readonly state: string | null;
  readonly email: string | null;
  readonly userId: string | null;
  readonly caller: string | null;
  readonly startedAt: string;
  readonly closedAt: string | null;
  readonly tries: number | null;
  readonly needsOperator: boolean;
  readonly lastError: string | null;
  readonly next: { readonly what: string; readonly at: string | null };
  readonly undecodable?: true;
  readonly unreadable?: ReadonlyArray<string>;
  readonly name?: string | null;
  readonly reason?: string | null;
  readonly verdict?: string | null;
  readonly missingSince?: string | null;
  readonly graceUntil?: string | null;
  readonly history?: ReadonlyArray<Moved>;
}

export interface PastRole {
  readonly id: string;
  readonly rolename: string | null;
}

export interface AuditEntry {
  readonly id: string;
  readonly action: string;
  readonly subject: string;
  readonly actor: string;
  readonly at: string;
  readonly roles: {
    readonly before: ReadonlyArray<PastRole>;
    readonly after: ReadonlyArray<PastRole>;
  } | null;
  readonly denials: { readonly count: number; readonly first: string; readonly last: string } | null;
}

/** A page of a list that goes on behind `next`. */
export interface Page<Item> {
  readonly items: ReadonlyArray<Item>;
  readonly next: string | null;
}

export interface Ready {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, "ok" | "failing" | "unknown">>;
}

/** Problem details (RFC 9457), with what the API adds. `outcome` says what is certain. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly outcome: "nothing_created" | "rolled_back" | "tracked" | "partly_done" | "unknown";
  readonly retryable: boolean;
  readonly requestId: string;
  readonly operationId?: string;
  readonly reason?: string;
  readonly userId?: string;
  readonly userIds?: ReadonlyArray<string>;
  readonly updated?: ReadonlyArray<string>;
  readonly errors?: ReadonlyArray<{ readonly loc: ReadonlyArray<string | number>; readonly msg: string }>;
}
