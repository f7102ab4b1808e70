/**
 * What there is outside the Worker: the pool, the ledger, FLIP's tables and the mails, as plain data that a test may
 * look at and change behind the services' back. Times are milliseconds of the one clock; ids count upwards, so that a
 * history is the same each time it runs.
 */
import { CAN_MANAGE_USERS } from "../../../src/domain/audit.ts";
import type {
  ChangeKind,
  ChangeState,
  HistoryEntry,
  OperationId,
  RegistrationKind,
  State,
  Verdict,
  WhyNotDone,
} from "../../../src/domain/operation.ts";
import { type Email, type Name, type Organisation, RoleId, UserId } from "../../../src/domain/user.ts";

/** A user of the pool. `tag`: the ownership tag, whichever way the pool has it. */
export interface User {
  readonly sub: UserId;
  /** The pool's own name for them: the `sub`, unless it was chosen. */
  readonly username: string;
  readonly email: string;
  readonly name: string | null;
  readonly tag: string | null;
  /** Has signed in: needs no invitation, and cannot get one. */
  readonly confirmed: boolean;
  /** May sign in. */
  readonly enabled: boolean;
  /** Has a second factor. */
  readonly totp: boolean;
  /** Signs in through another identity provider. */
  readonly federated: boolean;
}

/** A row of table `registrar.operation`, as migrations/0002_operation.sql has it: a registration, or a change. */
export interface Row {
  readonly id: OperationId;
  readonly kind: RegistrationKind | ChangeKind;
  readonly caller: UserId;
  readonly email: Email | null;
  readonly name: Name | null;
  readonly organisation: Organisation | null;
  readonly roles: ReadonlyArray<RoleId>;
  readonly idempotencyKey: string | null;
  readonly state: State | ChangeState;
  readonly verdict: Verdict | null;
  readonly reason: WhyNotDone | null;
  readonly sub: UserId | null;
  /** When the caller of a change was checked. */
  readonly askedAt: number | null;
  readonly startedAt: number;
  readonly closedAt: number | null;
  readonly acknowledgedAt: number | null;
  readonly missingSince: number | null;
  readonly graceUntil: number | null;
  readonly dueAt: number | null;
  readonly tries: number;
  readonly needsOperator: boolean;
  readonly lastError: string | null;
  readonly history: ReadonlyArray<typeof HistoryEntry.Type>;
  /** It was old enough to be deleted, and is needed. */
  readonly retained: boolean;
}

export interface AuditRow {
  readonly id: string;
  readonly action: string;
  readonly userId: UserId;
  readonly by: UserId;
  readonly at: number;
}

/** A row of table `registrar.role_change`: the roles before and after, sorted, under the id of the audit row. */
export interface RoleChange {
  readonly id: string;
  readonly caller: UserId;
  readonly subject: UserId;
  readonly before: ReadonlyArray<RoleId>;
  readonly after: ReadonlyArray<RoleId>;
}

/** A row of table `registrar.denial`, by the id of the audit row: how often a caller was denied this in an hour. */
export interface Denial {
  readonly caller: UserId;
  readonly action: string;
  readonly times: number;
  /** The last question that was counted. */
  readonly question: string;
}

export interface Mail {
  readonly sub: UserId;
  readonly email: string;
  readonly tag: string | null;
  readonly at: number;
}

/** A user who is gone, and who removed them: a call of the service, or somebody at the console. */
export interface Removal {
  readonly user: User;
  readonly by: "service" | "hand";
  readonly at: number;
}

export interface World {
  /** Never changed in place: who holds an older list sees an older pool. */
  users: ReadonlyArray<User>;
  readonly rows: Map<string, Row>;
  /** What the ledger has deleted in time, for whoever asks what once was. */
  readonly deleted: Array<Row>;
  readonly audit: Array<AuditRow>;
  readonly roleChanges: Array<RoleChange>;
  readonly denials: Map<string, Denial>;
  readonly mails: Array<Mail>;
  readonly removals: Array<Removal>;
  readonly roles: Set<RoleId>;
  readonly permissions: Map<RoleId, ReadonlySet<string>>;
  /** Table `user_role`: who has been granted what globally. */
  readonly grants: Map<UserId, Set<RoleId>>;
  /** The same table: who has been granted what at one trust alone, by FLIP. */
  readonly trustGrants: Map<UserId, Set<RoleId>>;
  /** Table `user_profile`. */
  readonly profiles: Map<UserId, { readonly name: string; readonly organisation: string }>;
  /** Table `profile_asked`: when the newest change of each field was asked for. */
  readonly profilesAsked: Map<UserId, { readonly name?: number; readonly organisation?: number }>;
  /** Table `roles_asked`: when the newest change of a user's roles was asked for. */
  readonly rolesAsked: Map<UserId, number>;
  ids: number;
  /** Where it is set, every statement that takes effect is noted here, so that it can be run once more elsewhere. */
  acts?: Array<Act>;
}

/** A statement that has taken effect: which, for whom, when, and what it answered. */
export interface Act {
  readonly service: "ledger" | "changes" | "access";
  readonly name: string;
  readonly args: ReadonlyArray<unknown>;
  readonly now: number;
  readonly by: string;
  readonly answer: unknown;
  /** For when the sweeper is asked, in milliseconds; undefined: for nothing, or for when it was before. */
  readonly dueIn: number | undefined;
}

const uuid = (n: number, group: string) => `00000000-0000-4000-${group}-${n.toString(16).padStart(12, "0")}`;

export const adminRole = RoleId.make(uuid(1, "a000"));
export const researcherRole = RoleId.make(uuid(2, "a000"));
export const observerRole = RoleId.make(uuid(3, "a000"));
export const admin = UserId.make(uuid(1, "b000"));
/** Somebody who has a token and no permission. */
export const viewer = UserId.make(uuid(2, "b000"));

/** A world with FLIP's roles, one administrator, and nobody else. */
export const makeWorld = (): World => ({
  users: [],
  rows: new Map(),
  deleted: [],
  audit: [],
  roleChanges: [],
  denials: new Map(),
  mails: [],
  removals: [],
  roles: new Set([adminRole, researcherRole, observerRole]),
  permissions: new Map([[adminRole, new Set([CAN_MANAGE_USERS])]]),
  grants: new Map([[admin, new Set([adminRole])]]),
  trustGrants: new Map(),
  profiles: new Map(),
  profilesAsked: new Map(),
  rolesAsked: new Map(),
  ids: 0,
});

/** The id of a row for which PostgreSQL or Cognito would make one up. */
export const nextId = (world: World): string => uuid(++world.ids, "c000");

/** A user made by hand, as at the console. */
export const addUser = (
  world: World,
  email: string,
  more: Partial<Omit<User, "sub" | "email">> = {},
): User => {
  const sub = UserId.make(nextId(world));
  const user: User = {
    sub,
    username: sub,
    email,
    name: null,
    tag: null,
    confirmed: false,
    enabled: true,
    totp: false,
    federated: false,
    ...more,
  };
  world.users = [...world.users, user];
  return user;
};

/** Changes the user with this `sub`. False: there is none. */
export const changeUser = (world: World, sub: string, change: Partial<User>): boolean => {
  const known = world.users.some((user) => user.sub === sub);
  if (known) world.users = world.users.map((user) => (user.sub === sub ? { ...user, ...change } : user));
  return known;
};

/** Removes a user, by hand unless it is said otherwise. False: there was none. */
export const removeUser = (
  world: World,
  sub: string,
  { by, at }: Omit<Removal, "user"> = { by: "hand", at: 0 },
): boolean => {
  const user = world.users.find((candidate) => candidate.sub === sub);
  if (user === undefined) return false;
  world.users = world.users.filter((candidate) => candidate !== user);
  world.removals.push({ user, by, at });
  return true;
};

/** A local user who has this address: the only one, unless the pool has users by names of their own. */
export const userAt = (world: World, email: string): User | undefined =>
  world.users.find((user) => user.email === email && !user.federated);

/** Somebody at the console removes everybody. */
export const clearPool = (world: World): void => {
  for (const { sub } of world.users) removeUser(world, sub);
};
