/**
 * What a history is made of: who asks for what, and a list of numbers, each of which decides one step. Any list is a
 * history, so that fast-check may shorten it at will.
 */
import fc from "fast-check";
import type { ChangeKind } from "../../src/domain/operation.ts";

export interface Client {
  /** Which address, and which idempotency key: small numbers, so that clients meet. */
  readonly address: number;
  readonly key: number | null;
  readonly step: boolean;
  /** How often they ask again after an answer that invites it, or none at all. */
  readonly retries: number;
}

/** What an administrator wants done to whoever has an address at that moment, committed or not. */
export interface Deed {
  readonly address: number;
  readonly kind: ChangeKind | "roles" | "profile";
  /** With a disabling or an enabling also another name: a number of `NAMES`; null: none. */
  readonly name: number | null;
  /** Which roles: a number of `ROLE_VALUES`. */
  readonly roles: number;
  /** Asked by whoever has the other address, if somebody has: they may have the permission, or have had it. */
  readonly byOther: boolean;
}

export interface Plan {
  readonly clients: ReadonlyArray<Client>;
  readonly deeds: ReadonlyArray<Deed>;
  /** Where the pool has the ownership tag: in an attribute, with one user an address; or as user name, with any number. */
  readonly tag: "attribute" | "user name";
  readonly weather: "fair" | "storm" | "deaths";
  readonly sweepers: number;
  /** How calm the end is: whether what is late comes at its last moment, and how many versions old reads are. */
  readonly lateCalm: boolean;
  readonly staleCalm: number;
  /** Whether days pass before keys are asked for once more: what is old has been forgotten by then. */
  readonly ages: boolean;
  readonly steps: ReadonlyArray<number>;
}

const client: fc.Arbitrary<Client> = fc.record({
  address: fc.constantFrom(0, 0, 0, 1),
  key: fc.constantFrom(null, 0, 0, 1),
  step: fc.constantFrom(false, false, false, true),
  retries: fc.nat(2),
});

const deed: fc.Arbitrary<Deed> = fc.record({
  address: fc.constantFrom(0, 0, 0, 1),
  kind: fc.constantFrom(
    "remove",
    "disable",
    "disable",
    "enable",
    "enable",
    "invite",
    "invite",
    "reset_mfa",
    "roles",
    "roles",
    "roles",
    "roles",
    "profile",
    "profile",
  ),
  name: fc.constantFrom(null, 0, 1, 2),
  roles: fc.nat(3),
  byOther: fc.constantFrom(false, false, true),
});

const STEPS_MAX = 160;

export const plans: fc.Arbitrary<Plan> = fc.record({
  clients: fc.array(client, { minLength: 1, maxLength: 3 }),
  deeds: fc.array(deed, { maxLength: 6 }),
  tag: fc.constantFrom("attribute", "user name"),
  weather: fc.constantFrom("fair", "storm", "deaths"),
  sweepers: fc.nat(6),
  lateCalm: fc.boolean(),
  staleCalm: fc.nat(3),
  ages: fc.boolean(),
  steps: fc.array(fc.nat(2 ** 24 - 1), { maxLength: STEPS_MAX, size: "max" }),
});

/** What may become of a call. `deliver`: it takes effect and is answered. `land`: it is answered later. */
export type Fate = "deliver" | "land" | "stale" | "lose" | "loseAnswer" | "delay" | "refuse";

/** What a step does: to one call, or beside all of them. */
export type RegistrationKind =
  | Fate
  | "kill"
  | "landLate"
  | "client"
  | "deed"
  | "sweeper"
  | "time"
  | "console";

/** How often each kind of step comes, in 64: in most histories a little goes wrong, in some the stores hardly answer. */
const WEATHERS = {
  fair: {
    deliver: 25,
    land: 5,
    stale: 3,
    lose: 3,
    loseAnswer: 4,
    delay: 4,
    refuse: 3,
    kill: 2,
    landLate: 2,
    client: 3,
    deed: 3,
    sweeper: 2,
    time: 3,
    console: 2,
  },
  storm: {
    deliver: 16,
    land: 4,
    stale: 2,
    lose: 5,
    loseAnswer: 11,
    delay: 7,
    refuse: 1,
    kill: 1,
    landLate: 2,
    client: 5,
    deed: 3,
    sweeper: 3,
    time: 3,
    console: 1,
  },
  deaths: {
    deliver: 25,
    land: 8,
    stale: 2,
    lose: 1,
    loseAnswer: 3,
    delay: 4,
    refuse: 0,
    kill: 6,
    landLate: 2,
    client: 3,
    deed: 3,
    sweeper: 3,
    time: 3,
    console: 1,
  },
} satisfies Record<Plan["weather"], Record<RegistrationKind, number>>;

const tableOf = (weights: Record<RegistrationKind, number>) =>
  Object.entries(weights).flatMap(([kind, weight]) =>
    Array<RegistrationKind>(weight).fill(kind as RegistrationKind),
  );

const TABLES = {
  fair: tableOf(WEATHERS.fair),
  storm: tableOf(WEATHERS.storm),
  deaths: tableOf(WEATHERS.deaths),
};

/** Splits a step's number: what to do (64 kinds), to which (256), and how (1024). */
export const decode = (step: number, weather: Plan["weather"]) => ({
  kind: TABLES[weather][step % 64] ?? "deliver",
  which: Math.floor(step / 64) % 256,
  how: Math.floor(step / 16_384),
});

export const SECONDS = [1, 5, 21, 60, 61, 300, 1200, 1261, 3600, 86_400, 259_200] as const;
