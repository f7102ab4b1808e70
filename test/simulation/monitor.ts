/**
 * Watches a history as it happens for what must never be, even for a moment: a delete of somebody else's user, an
 * invitation to a foreign user, a registration leased twice, a 200 without a user. Keeps what callers were told.
 */
import {
  isRegistrationKind,
  type Operation,
  type OperationId,
  type Registration,
} from "../../src/domain/operation.ts";
import type { UserId } from "../../src/domain/user.ts";
import type { Lease } from "../../src/ports/ledger.ts";
import { AskedValues } from "./asked.ts";
import { hasChange, isGone } from "./invariants.ts";
import type { User, World } from "./memory/world.ts";
import type { Late } from "./network.ts";

/** What these answers promise: nobody is registered by this registration. */
const NOTHING = new Set(["RegistrationRolledBack", "UserExists", "CreateRefused", "Unavailable"]);

/** A registration in these states has given nobody a name or roles: its user, if there was one, is gone or will be. */
const LEFT_NOBODY = new Set(["rejected", "rolled_back"]);

export const sorted = (roles: Iterable<string>): string => [...roles].sort().join();

/** A lease keeps others away for this long at the least, in milliseconds. */
const LEASE_MIN = 60_000;

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

  /** Changes of roles: each value is the ids of the roles, sorted. */
  readonly roles = new AskedValues();
  /** Changes of names. */
  readonly names = new AskedValues();

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

  /** What a user has in the end is what callers were told, or were told that it is unknown. */
  #valuesAtRest(user: UserId): void {
    const registered = [...this.#world.rows.values()].find(
      ({ sub, kind, state }) => sub === user && isRegistrationKind(kind) && !LEFT_NOBODY.has(state),
    );
    const name = this.#world.profiles.get(user)?.name ?? "";
    // One that has forgotten whom it was for, or was deleted after its user, does not say any more what it has called them.
    const isForgotten =
      registered === undefined ? hasChange(this.#world, user, "remove") : registered.email === null;
    if (!isForgotten && !this.names.explain(user, name, registered?.name ?? ""))
      this.violations.push(`user ${user} is called "${name}", against what callers were told`);
    // A deletion takes the grants, also where Cognito refuses it then.
    if (isGone(this.#world, user) || hasChange(this.#world, user, "remove")) return;
    const held = sorted(this.#world.grants.get(user) ?? []);
    const given =
      registered?.kind === "register_with_roles" && registered.state === "completed" ? registered.roles : [];
    if (this.roles.users.has(user) && !this.roles.explain(user, held, sorted(given)))
      this.violations.push(`user ${user} has roles [${held}], against what callers were told`);
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
    for (const user of new Set([...this.roles.users, ...this.names.users, ...this.#world.profiles.keys()]))
      this.#valuesAtRest(user as UserId);
    for (const id of this.#world.rows.keys()) {
      const subs = this.#world.mails.filter(({ tag }) => tag === id).map(({ sub }) => sub);
      const licences = [id, ...new Set(subs)].reduce((sum, key) => sum + (this.#licences.get(key) ?? 0), 0);
      if (subs.length > licences)
        this.violations.push(`${id}: ${subs.length} mails were sent, and ${licences} allowed`);
    }
  }
}
