/**
 * Watches a history as it happens for what must never be, even for a moment: a delete of somebody else's user, an
 * invitation to a foreign user, a registration leased twice, a 200 without a user. Keeps what callers were told.
 */
import type { Operation, OperationId, Registration } from "../../src/domain/operation.ts";
import type { UserId } from "../../src/domain/user.ts";
import type { Lease } from "../../src/ports/ledger.ts";
import { hasChange, isGone } from "./invariants.ts";
import type { User, World } from "./memory/world.ts";
import type { Late } from "./network.ts";

/** What these answers promise: nobody is registered by this registration. */
const NOTHING = new Set(["RegistrationRolledBack", "UserExists", "CreateRefused", "Unavailable"]);

const sorted = (roles: Iterable<string>): string => [...roles].sort().join();

/** A lease keeps others away for this long at the least, in milliseconds. */
const LEASE_MIN = 60_000;

/** What the caller of a change of roles knows: they are set; they are not; `nothing`: there was no answer, or no certain one. */
export type Hearing = "set" | "not set" | "nothing";

/** A change of roles: when its caller asked, and when they heard, or gave up. */
interface RolesAsked {
  readonly user: string;
  readonly roles: ReadonlyArray<string>;
  readonly from: number;
  until: number;
  heard: Hearing;
}

export class Monitor {
  readonly violations: Array<string> = [];
  readonly #world: World;
  /** Which worker a registration belongs to, and what its caller was told. */
  readonly #workers = new Map<string, string>();
  readonly #told = new Map<string, string>();
  /** What the callers of changes were told who heard that nothing is done. */
  readonly #refused = new Map<string, string>();
  /** How often somebody was entitled to invite the user of a registration. */
  readonly #licences = new Map<string, number>();

  readonly #roles = new Map<string, RolesAsked>();

  constructor(world: World) {
    this.#world = world;
  }

  opened(id: OperationId, worker: string): void {
    this.#workers.set(id, worker);
  }

  /** The caller hears 200. */
  registered({ id }: Registration, sub: string, by: OperationId): void {
    this.#told.set(by, "200");
    const row = this.#world.rows.get(id);
    const removed = this.#removedOnPurpose(sub);
    const kept = row?.state === "registered" || row?.state === "completed";
    if (!(kept || (row?.state === "user_lost" && removed)) || row?.sub !== sub) {
      this.violations.push(`${id}: a caller was told 200, and it is ${row?.state}`);
    }
    if (by === id) this.#licences.set(id, (this.#licences.get(id) ?? 0) + 1);
  }

  /** An administrator asks for an invitation. */
  mayInvite(sub: string): void {
    this.#licences.set(sub, (this.#licences.get(sub) ?? 0) + 1);
  }

  asksForRoles(agent: string, user: string, roles: ReadonlyArray<string>, from: number): void {
    this.#roles.set(agent, { user, roles, from, until: Number.POSITIVE_INFINITY, heard: "nothing" });
  }

  /** What the caller hears, or that they hear nothing any more. */
  heardOfRoles(agent: string, heard: Hearing, now: number): void {
    const asked = this.#roles.get(agent);
    if (asked === undefined || asked.until < Number.POSITIVE_INFINITY) return;
    asked.until = now;
    asked.heard = heard;
  }

  failed(id: OperationId, tag: string): void {
    this.#told.set(id, tag);
  }

  /** The caller of a change hears that nothing of it is done, nor will be. */
  refused(id: OperationId, tag: string): void {
    this.#refused.set(id, tag);
  }

  defect(agent: string, cause: unknown): void {
    this.violations.push(`${agent}: a defect: ${cause}`);
  }

  readonly witness = (call: Late, run: () => unknown): unknown => {
    const { users, mails } = this.#world;
    const mailed = mails.length;
    const answer = run();
    if (call.operation === "identity.remove") {
      const removed = users.find((user) => !this.#world.users.includes(user));
      if (removed !== undefined) this.#onRemoval(call.agent, removed);
    }
    if (mails.length > mailed) this.#onMail();
    if (call.operation === "ledger.lease")
      this.#onLease((answer as Lease).operations as ReadonlyArray<Operation>);
    return answer;
  };

  #onRemoval(agent: string, { sub, tag }: User): void {
    if (hasChange(this.#world, sub, "remove")) return;
    const row = tag === null ? undefined : this.#world.rows.get(tag);
    if (row === undefined) {
      this.violations.push(`${agent} deletes ${sub}, whom no registration has created`);
      return;
    }
    const own = this.#workers.get(row.id) === agent;
    const invited = this.#world.mails.some((mail) => mail.sub === sub);
    const allowed =
      row.state === "rolling_back" ||
      row.state === "rolled_back" ||
      row.state === "rejected" ||
      (own && (row.state === "started" || row.state === "user_lost")) ||
      (own && row.state === "registered" && row.acknowledgedAt === null);
    if (!allowed || invited) {
      const who = `${own ? "its own" : "another's"}${invited ? ", invited" : ""}`;
      this.violations.push(`${row.id}: ${agent} deletes ${who} user, and it is ${row.state}`);
    }
  }

  #onMail(): void {
    const { tag, sub } = this.#world.mails.at(-1) ?? { tag: null, sub: "" };
    const row = tag === null ? undefined : this.#world.rows.get(tag);
    const asked = hasChange(this.#world, sub, "invite") && (row === undefined || row.state === "user_lost");
    if (row?.state !== "registered" && row?.state !== "completed" && !asked) {
      this.violations.push(`${tag}: ${sub} is invited, and it is ${row?.state}`);
    }
  }

  #onLease(leased: ReadonlyArray<Operation>): void {
    for (const { id, kind, sub, state, dueAt, readAt } of leased) {
      if (dueAt === null || Date.parse(dueAt) < Date.parse(readAt) + LEASE_MIN) {
        this.violations.push(`${id}: it is leased, and due again at once`);
      }
      if (kind === "invite") this.mayInvite(sub);
      if (state === "registered") this.#licences.set(id, (this.#licences.get(id) ?? 0) + 1);
    }
  }

  /**
   * What a user is granted in the end was asked for: by one who heard that it is set, or who heard nothing certain; and
   * nobody who asked only after that had come to its end was told that theirs is set.
   */
  #rolesAtRest(user: string): void {
    // A deletion takes the grants, also where Cognito refuses it then.
    if (isGone(this.#world, user) || hasChange(this.#world, user, "remove")) return;
    const asked = [...this.#roles.values()].filter((one) => one.user === user);
    const set = asked.filter(({ heard }) => heard === "set");
    const held = sorted(this.#world.grants.get(user as UserId) ?? []);
    const explained = asked.some(
      ({ roles, heard, until }) =>
        heard !== "not set" && sorted(roles) === held && !set.some(({ from }) => from > until),
    );
    const untouched = set.length === 0 && sorted(this.#given(user)) === held;
    if (!explained && !untouched)
      this.violations.push(`user ${user} has roles [${held}], against what callers were told`);
  }

  /** The roles that a registration has given to its user. */
  #given(user: string): ReadonlyArray<string> {
    const rows = [...this.#world.rows.values()];
    const kept = rows.find(({ sub, state }) => sub === user && state === "completed");
    return kept?.kind === "register_with_roles" ? kept.roles : [];
  }

  /** Somebody at the console, or a change, has removed them. */
  #removedOnPurpose(sub: string | null): boolean {
    return (
      hasChange(this.#world, sub, "remove") ||
      this.#world.removals.some(({ user, by }) => by === "hand" && user.sub === sub)
    );
  }

  /** What was told and what became of it, in the end. */
  atRest(): void {
    for (const [id, told] of this.#told) {
      const row = this.#world.rows.get(id);
      if (NOTHING.has(told) && row?.state === "completed") {
        this.violations.push(`${id}: its caller was told ${told}, and it is completed`);
      }
      if (told === "200" && row?.state === "user_lost" && !this.#removedOnPurpose(row.sub)) {
        this.violations.push(`${id}: its caller was told 200, and the service lost the user`);
      }
    }
    for (const [id, told] of this.#refused) {
      const state = this.#world.rows.get(id)?.state;
      if (state !== undefined && state !== "refused")
        this.violations.push(`${id}: its caller was told ${told}, and it is ${state}`);
    }
    for (const user of new Set([...this.#roles.values()].map((asked) => asked.user))) this.#rolesAtRest(user);
    for (const id of this.#world.rows.keys()) {
      const subs = this.#world.mails.filter(({ tag }) => tag === id).map(({ sub }) => sub);
      const licences = [id, ...new Set(subs)].reduce((sum, key) => sum + (this.#licences.get(key) ?? 0), 0);
      if (subs.length > licences)
        this.violations.push(`${id}: ${subs.length} mails were sent, and ${licences} allowed`);
    }
  }
}
