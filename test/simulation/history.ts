/**
 * One history: a plan carried out step by step, then a calm in which faults stop and the sweeper works until nothing
 * is open. Deterministic: the same plan is the same history.
 */
import { Cause, Duration, Effect, Exit, Option } from "effect";
import {
  isChange,
  isRegistrationKind,
  type Operation,
  OperationId,
  type RegisterUser,
} from "../../src/domain/operation.ts";
import { Email, Name } from "../../src/domain/user.ts";
import { withBudget } from "../../src/ports/budget.ts";
import type { Lease } from "../../src/ports/ledger.ts";
import { changeUser } from "../../src/programs/change.ts";
import { setProfile } from "../../src/programs/profile.ts";
import { registerUser } from "../../src/programs/register/register.ts";
import { setRoles } from "../../src/programs/roles.ts";
import { sweep } from "../../src/programs/sweep/sweep.ts";
import type { Hearing } from "./asked.ts";
import { violations } from "./invariants.ts";
import { deployment, Machine } from "./machine.ts";
import type { Word } from "./memory/wire.ts";
import {
  type Act,
  addUser,
  admin,
  adminRole,
  makeWorld,
  observerRole,
  removeUser,
  researcherRole,
  userAt,
} from "./memory/world.ts";
import { Monitor, sorted } from "./monitor.ts";
import { Network, type Pending } from "./network.ts";
import { type Client, type Deed, decode, type Fate, type Plan, SECONDS } from "./plan.ts";

const ADDRESSES = [Email.make("alice@hospital.example"), Email.make("bob@hospital.example")] as const;
const BUDGET_MS = Duration.toMillis(deployment.requestBudget);
const HORIZON_MS = Duration.toMillis(deployment.horizon);
const DAY_MS = 86_400_000;

/** How long a caller waits for an answer: less than the budget. */
const TIMEOUT_MS = 15_000;

/** By when a world at rest has to be quiet, and how many sweeps that may take. */
const CALM_MS_MAX = 3 * DAY_MS;
const SWEEPS_MAX = 200;

/** How much later than something is due its sweep may be asked for, in milliseconds. */
const LATE_MS = 15_000;

/** Answers after which a client asks again. */
const RETRIED = new Set([
  "RegistrationRolledBack",
  "CleanupRequired",
  "RegistrationInProgress",
  "Unavailable",
]);

/** What an administrator calls a user: several values, for the same reason. */
const NAMES = ["Ada Lovelace", "Grace Hopper", "Mary Jackson"] as const;

/** What roles an administrator gives: several values, so that an old one over a newer one is seen. */
const ROLE_VALUES = [[observerRole], [researcherRole], [adminRole, researcherRole], []] as const;

/** What may be answered from an earlier pool. */
const READS: ReadonlySet<string> = new Set([
  "identity.find",
  "identity.unmetHolders",
  "identity.invite",
  "directory.profile",
]);

const WORDS: ReadonlyArray<Word> = ["refused", "throttled", "misconfigured"];

export class History {
  readonly world = makeWorld();
  readonly counts: Record<string, number> = {};
  readonly #monitor = new Monitor(this.world);
  readonly #network = new Network(this.world, HORIZON_MS - BUDGET_MS, this.#monitor.witness);
  readonly #machine: Machine;
  readonly #waiting: Array<Client>;
  readonly #deeds: Array<Deed>;
  readonly #alive = new Map<string, Client | null>();
  readonly #trace: ((line: string) => void) | undefined;
  readonly #plan: Plan;
  #sweepers: number;
  #ids = 0;
  #rings = 0;
  #isCalm = false;

  constructor(plan: Plan, trace?: (line: string) => void) {
    this.#plan = plan;
    this.#machine = new Machine(this.world, this.#network, plan.tag);
    this.#waiting = [...plan.clients];
    this.#deeds = [...plan.deeds];
    this.#sweepers = plan.sweepers;
    this.#trace = trace;
  }

  /** Carries the plan out, and says what is wrong in the end. */
  static run(plan: Plan, trace?: (line: string) => void, acts?: Array<Act>): History {
    const history = new History(plan, trace);
    if (acts !== undefined) history.world.acts = acts;
    history.#startClient();
    for (const step of plan.steps) history.#step(step);
    history.#calm();
    return history;
  }

  get violations(): ReadonlyArray<string> {
    return this.#monitor.violations;
  }

  #note(what: string, line: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    this.#trace?.(`${(this.#network.now / 1000).toFixed(0).padStart(7)} s  ${line}`);
  }

  #step(step: number): void {
    const { kind, which, how } = decode(step, this.#plan.weather);
    const { pending } = this.#network;
    const call = pending[which % pending.length];
    switch (kind) {
      case "client":
        this.#startClient();
        break;
      case "deed":
        this.#startDeed();
        break;
      case "sweeper":
        if (this.#sweepers-- > 0) this.#startSweeper();
        break;
      case "time":
        this.#passTime((SECONDS[how % SECONDS.length] ?? 1) * 1000);
        break;
      case "console":
        this.#console(ADDRESSES[which % 2] ?? ADDRESSES[0]);
        break;
      case "landLate":
        this.#landLate(which);
        break;
      case "kill":
        if (call !== undefined) this.#kill(call.agent, how);
        break;
      default:
        if (call !== undefined) this.#decide(call, kind, how);
    }
  }

  /** What becomes of one call now. */
  #decide(call: Pending, kind: Fate, how: number): void {
    if (call.stage === "expired") this.#fail(call, "unknown", "is lost");
    else if (call.stage === "landed") {
      if (kind === "deliver" || kind === "land") this.#answer(call);
      else this.#fail(call, "unknown", "answer is lost");
    } else if (kind === "lose") this.#fail(call, "unknown", "is lost");
    else if (kind === "refuse") this.#fail(call, WORDS[how % WORDS.length] ?? "refused", "is refused");
    else if (kind === "delay") {
      this.#network.delay(call);
      this.#fail(call, "unknown", "is late");
    } else {
      this.#land(call, kind === "stale" ? 1 + (how % 4) : 0);
      if (kind === "loseAnswer") this.#fail(call, "unknown", "answer is lost");
      else if (kind !== "land") this.#answer(call);
    }
  }

  #landLate(which: number): void {
    const { late } = this.#network;
    const [call] = late.splice(which % Math.max(late.length, 1), 1);
    if (call === undefined) return;
    this.#note("landed late", `${call.agent} ${call.operation} lands late`);
    this.#network.land(call);
  }

  #land(call: Pending, stale: number): void {
    this.#note(
      stale > 0 ? "stale reads" : "effects",
      `${call.agent} ${call.operation} ${call.about} happens${stale > 0 ? `, ${stale} versions stale` : ""}`,
    );
    call.answer = this.#network.land(call, stale);
    call.stage = "landed";
  }

  #answer(call: Pending): void {
    if (leadsToChange(call) && this.#network.now - call.sentAt > TIMEOUT_MS) {
      this.#fail(call, "unknown", "is answered too late");
      return;
    }
    this.#network.take(call);
    this.#note("answers", `${call.agent} ${call.operation} is answered ${brief(call.answer)}`);
    call.resume(Effect.succeed(call.answer));
    this.#machine.runUntilIdle();
  }

  #fail(call: Pending, word: Word, why: string): void {
    this.#network.take(call);
    this.#note("faults", `${call.agent} ${call.operation} ${why}: ${word}`);
    call.resume(Effect.fail(word));
    this.#machine.runUntilIdle();
  }

  #kill(agent: string, how: number): void {
    this.#note("kills", `${agent} is killed`);
    this.#network.kill(agent, (index) => ((how >> index) & 1) === 1);
    this.#monitor.roles.hears(agent, "nothing", this.#network.now);
    this.#monitor.names.hears(agent, "nothing", this.#network.now);
    const client = this.#alive.get(agent);
    this.#alive.delete(agent);
    this.#again(client ?? null);
  }

  #again(client: Client | null): void {
    if (client !== null && client.retries > 0) this.#waiting.push({ ...client, retries: client.retries - 1 });
  }

  /** A wake-up is given up after a second; then time passes, and brings the sweeper, or a wake-up that is lost. */
  #passTime(milliseconds: number): void {
    for (const call of this.#network.pending.filter(({ operation }) => operation === "wakeUp.arm"))
      this.#fail(call, "unknown", "is given up");
    this.#network.advance(milliseconds);
    this.#note("time", `${milliseconds / 1000} s have passed`);
    const rung = this.#network.alarm.ring(this.#network.now);
    if (rung === "nothing") return;
    const isLost = rung === "wake-up" && !this.#isCalm && ++this.#rings % 3 === 0;
    this.#note(isLost ? "wake-ups lost" : `sweeps by ${rung}`, `a ${rung} ${isLost ? "is lost" : "comes"}`);
    if (!isLost) this.#startSweeper();
  }

  #console(email: Email): void {
    const user = userAt(this.world, email);
    if (user === undefined) addUser(this.world, email);
    else removeUser(this.world, user.sub);
    this.#note("console", user === undefined ? `a hand makes ${email}` : `a hand removes ${user.sub}`);
    this.#network.remember();
  }

  #startClient(): void {
    const client = this.#waiting.shift();
    if (client === undefined) return;
    const id = this.#nextId();
    const agent = `request${this.#ids}`;
    const command: RegisterUser = {
      id,
      caller: admin,
      roles: [researcherRole],
      kind: client.step ? "register_with_roles" : "register",
      email: ADDRESSES[client.address] ?? ADDRESSES[0],
      name: client.retries > 1 ? "Ada Lovelace" : null,
      organisation: client.retries > 1 ? "Analytical Engines" : null,
      idempotencyKey: client.key === null ? null : `key${client.key}`,
    };
    this.#monitor.opened(id, agent);
    this.#alive.set(agent, client);
    this.#note("requests", `${agent} begins ${id}: ${command.email}, ${command.idempotencyKey ?? "no key"}`);
    this.#machine.start(agent, registerUser(command).pipe(withBudget(BUDGET_MS)), (exit) => {
      this.#alive.set(agent, null);
      if (Exit.isSuccess(exit)) {
        const { registration, userId, replayed } = exit.value;
        this.#note(replayed ? "replayed" : "registered", `${agent} says 200${replayed ? ", replayed" : ""}`);
        this.#monitor.registered(registration, userId, id);
        return;
      }
      const failure = Cause.findErrorOption(exit.cause);
      if (Option.isNone(failure)) {
        this.#monitor.defect(agent, Cause.pretty(exit.cause));
        return;
      }
      this.#note(failure.value._tag, `${agent} says ${failure.value._tag}`);
      this.#monitor.failed(id, failure.value._tag);
      if (RETRIED.has(failure.value._tag)) this.#again(client);
    });
  }

  /** An administrator has found a user in the pool, and wants something done to them. */
  #startDeed(): void {
    const deed = this.#deeds[0];
    const user = deed && userAt(this.world, ADDRESSES[deed.address] ?? ADDRESSES[0]);
    if (deed === undefined || user === undefined) return;
    this.#deeds.shift();
    const { kind } = deed;
    const other = deed.byOther ? userAt(this.world, ADDRESSES[1 - deed.address] ?? ADDRESSES[1]) : undefined;
    const caller = other?.sub ?? admin;
    const id = this.#nextId();
    const agent = `admin${this.#ids}`;
    if (kind === "invite") this.#monitor.mayInvite(user.sub);
    this.#note("deeds", `${agent} begins ${id}: ${kind} ${user.sub}, by ${caller}`);
    if (kind === "roles") {
      const roles = ROLE_VALUES[deed.roles] ?? ROLE_VALUES[0];
      this.#monitor.roles.asks(agent, user.sub, sorted(roles), this.#network.now);
      const setting = setRoles({ id, caller, subject: user.sub, roles });
      const program = Effect.map(setting, ({ roles: set }) => set);
      this.#machine.start(agent, program.pipe(withBudget(BUDGET_MS)), (exit) => {
        this.#monitor.roles.hears(agent, hearing(exit, roles), this.#network.now);
        this.#concluded(agent, id, kind, exit);
      });
      return;
    }
    const name = Name.make(NAMES[deed.name ?? 0] ?? NAMES[0]);
    const profile = { name, organisation: null };
    const asked = { id, caller, subject: user.sub };
    const writes = kind === "profile" || (deed.name !== null && (kind === "disable" || kind === "enable"));
    if (writes) this.#monitor.names.asks(agent, user.sub, name, this.#network.now);
    const program =
      kind === "profile"
        ? setProfile(asked, profile)
        : changeUser({ ...asked, kind, ...(writes && { profile }) });
    this.#machine.start(agent, program.pipe(withBudget(BUDGET_MS)), (exit) => {
      if (writes) this.#monitor.names.hears(agent, hearingOfProfile(exit), this.#network.now);
      this.#concluded(agent, id, kind, exit);
    });
  }

  #concluded(agent: string, id: OperationId, kind: string, exit: Exit.Exit<unknown, Answer>): void {
    if (Exit.isSuccess(exit)) {
      this.#note(`deed: ${kind}`, `${agent} says 200`);
      return;
    }
    const failure = Cause.findErrorOption(exit.cause);
    if (Option.isNone(failure)) this.#monitor.defect(agent, Cause.pretty(exit.cause));
    else {
      if (isCertain(failure.value)) this.#monitor.refused(id, failure.value._tag);
      this.#note(`deed: ${failure.value._tag}`, `${agent} says ${failure.value._tag}`);
    }
  }

  #nextId(): OperationId {
    return OperationId.make(`00000000-0000-4000-8000-${String(++this.#ids).padStart(12, "0")}`);
  }

  #startSweeper(): void {
    const agent = `sweeper${++this.#ids}`;
    this.#note("sweeps", `${agent} begins`);
    this.#machine.start(agent, sweep(), (exit) => {
      if (Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        this.#monitor.defect(agent, Cause.pretty(exit.cause));
    });
  }

  /** Nothing is lost any more; what is late lands or never does; who has a key asks once more when all is quiet. */
  #calm(): void {
    this.#note("histories", "calm");
    this.#isCalm = true;
    const { ages, lateCalm, clients } = this.#plan;
    for (const call of this.#network.late.filter(({ deadline }) => deadline === Number.POSITIVE_INFINITY)) {
      if (lateCalm) this.#network.land(call);
    }
    this.#network.late = this.#network.late.filter(({ deadline }) => lateCalm && Number.isFinite(deadline));
    this.#rest();
    if (ages) this.#growOld();
    this.#waiting.splice(0);
    this.#waiting.push(...clients.filter(({ key }) => key !== null).map((one) => ({ ...one, retries: 0 })));
    while (this.#waiting.length > 0) this.#startClient();
    this.#rest();

    this.#monitor.atRest();
    this.#monitor.violations.push(...violations(this.world), ...this.#network.early);
    this.#count();
  }

  #count(): void {
    const { rows, deleted } = this.world;
    for (const { state, kind } of [...rows.values(), ...deleted]) {
      if (isRegistrationKind(kind)) this.#note(`end: ${state}`, `a registration ends ${state}`);
      else this.#note(`changes: ${kind}`, `a change ends ${state}`);
    }
    const forgotten = [...rows.values()].filter(
      ({ kind, email }) => isRegistrationKind(kind) && email === null,
    );
    this.counts["addresses forgotten"] = (this.counts["addresses forgotten"] ?? 0) + forgotten.length;
    this.counts["operations deleted"] = (this.counts["operations deleted"] ?? 0) + deleted.length;
    this.counts.mails = (this.counts.mails ?? 0) + this.world.mails.length;
  }

  /**
   * The sweeper comes when it was asked to, or by the backstop, until nothing is due. What was swept once in the calm is not
   * left to the backstop any more.
   */
  #rest(): void {
    const since = this.#network.now;
    for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
      this.#deliverAll();
      const due = [...this.world.rows.values()].flatMap(({ dueAt }) => dueAt ?? []);
      if (due.length === 0) break;
      const { at, isBackstop } = this.#network.alarm.next();
      if (isBackstop && sweep > 0 && Math.min(...due) + LATE_MS < at)
        this.#monitor.violations.push(`what is due at ${Math.min(...due)} is left to the backstop at ${at}`);
      this.#passTime(Math.max(at - this.#network.now, 0));
    }
    const took = this.#network.now - since;
    if (took > CALM_MS_MAX) this.#monitor.violations.push(`it took ${took / DAY_MS} days to come to rest`);
  }

  /** Days pass in which nothing is due: what is old is forgotten, and then deleted. */
  #growOld(): void {
    this.#passTime(3 * DAY_MS);
    for (let sweep = 0; sweep < 3; sweep++) {
      this.#startSweeper();
      this.#deliverAll();
    }
  }

  #deliverAll(): void {
    for (let call = this.#network.pending[0]; call !== undefined; call = this.#network.pending[0]) {
      if (call.stage === "expired") this.#fail(call, "unknown", "is lost");
      else {
        const reads = READS.has(call.operation);
        const stale = reads ? this.#plan.staleCalm : 0;
        if (call.stage === "sent") this.#land(call, stale);
        this.#answer(call);
      }
    }
  }
}

/** What an answer to a change of roles says: that they are set, that they are not, or neither. */
const hearing = (exit: Exit.Exit<ReadonlyArray<string>, Answer>, asked: ReadonlyArray<string>): Hearing => {
  if (Exit.isSuccess(exit))
    return [...exit.value].sort().join() === [...asked].sort().join() ? "set" : "not set";
  const failure = Cause.findErrorOption(exit.cause);
  return Option.isSome(failure) && isCertain(failure.value) ? "not set" : "nothing";
};

/** What an answer says of the profile that was asked for, alone or with something else that may not have been done. */
const hearingOfProfile = (exit: Exit.Exit<unknown, Answer>): Hearing => {
  if (Exit.isSuccess(exit)) return "set";
  const failure = Cause.findErrorOption(exit.cause);
  if (Option.isNone(failure)) return "nothing";
  if (failure.value.updated !== undefined) return "set";
  return isCertain(failure.value) ? "not set" : "nothing";
};

interface Answer {
  readonly _tag: string;
  readonly updated?: ReadonlyArray<string>;
  readonly inDoubt?: boolean;
  readonly certain?: boolean;
}

/** Whether an answer says that nothing is done, nor will be. */
const isCertain = ({ _tag, inDoubt = false, certain = true }: Answer): boolean =>
  certain && !inDoubt && _tag !== "ChangeTracked";

/**
 * Whether the answer lets its caller change a user at once. Nothing fences a change's call: that it is sent soon after
 * its statement rests on the time limit of calls alone, so here it does, too.
 */
const leadsToChange = ({ operation, answer }: Pending): boolean =>
  operation === "changes.open" ||
  operation === "changes.isNewest" ||
  operation === "directory.profile" ||
  (operation === "ledger.lease" && (answer as Lease).operations.some((one) => isChange(one as Operation)));

const brief = (answer: unknown): string => JSON.stringify(answer)?.slice(0, 160) ?? "";
