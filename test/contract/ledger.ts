/** Steps that the ledger's suites share: requests, registrations brought to a state, and the one check that resets first. */
import { Effect, Option } from "effect";
import {
  type AnyOperation,
  isChange,
  isDecodable,
  type Operation,
  OperationId,
  type RegisterUser,
  type Registration,
  type State,
} from "../../src/domain/operation.ts";
import { Email, UserId } from "../../src/domain/user.ts";
import { Access } from "../../src/ports/access.ts";
import type { Changes } from "../../src/ports/changes.ts";
import { Ledger, type ListQuery } from "../../src/ports/ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

/** The terms of the deployments under test, in seconds. */
export const BUDGET = 20;
export const HORIZON = 1200;

/** Every row of the ledger: no filter. */
export const everything: Omit<ListQuery, "limit"> = {
  state: null,
  kind: null,
  needsOperator: null,
  email: null,
  userId: null,
  caller: null,
  from: null,
  until: null,
  cursor: null,
};

/** Asked in time, and after everything else. */
export const askedAt = "2999-01-01T00:00:00.000000Z";

export const newId = () => OperationId.make(crypto.randomUUID());
export const newSub = () => UserId.make(crypto.randomUUID());
export const someone = () => Email.make(`${crypto.randomUUID()}@hospital.example`);

/** What registers somebody new, without roles and without a key, but for what is said otherwise. */
export const registration = (caller: UserId, overrides: Partial<RegisterUser> = {}): RegisterUser => ({
  id: newId(),
  kind: "register",
  caller,
  email: someone(),
  name: null,
  organisation: null,
  roles: [],
  idempotencyKey: null,
  ...overrides,
});

/** A user's entity tag, as the caller sees it. */
export const etagFor = (caller: UserId, user: UserId) =>
  Effect.flatMap(Access, (access) => Effect.map(access.lookUp(caller, user), ({ etag }) => etag));

/** A row that can be read. */
export const known = (row: AnyOperation): Operation => {
  if (!isDecodable(row)) throw new Error(`${row.id} cannot be read: ${row.unreadable.join(", ")}`);
  return row;
};

/** Leases rows that can be read. */
export const lease = Effect.fnUntraced(function* (limit: number) {
  const ledger = yield* Ledger;
  return (yield* ledger.lease(limit)).operations.map(known);
});

export const makeLedger = (test: Tester, subject: () => LedgerSubject) => {
  /** One test on an empty ledger. */
  const check = <A, E>(title: string, body: Effect.Effect<A, E, Ledger | Changes | Access>) =>
    test(title, () =>
      Effect.suspend(() => subject().reset.pipe(Effect.andThen(body), Effect.provide(subject().layer))),
    );

  const request = (overrides: Partial<RegisterUser> = {}): RegisterUser =>
    registration(subject().admin, { roles: [subject().roles[0]], ...overrides });

  const read = Effect.fnUntraced(function* (id: OperationId) {
    const ledger = yield* Ledger;
    const entry = known(Option.getOrThrow(yield* ledger.find(id)));
    return isChange(entry) || entry.email === null
      ? yield* Effect.die(new Error(`${id} is a change, or has forgotten its address`))
      : entry;
  });

  const readChange = Effect.fnUntraced(function* (id: OperationId) {
    const ledger = yield* Ledger;
    const entry = known(Option.getOrThrow(yield* ledger.find(id)));
    return isChange(entry) ? entry : yield* Effect.die(new Error(`${id} is a registration`));
  });

  /** Makes somebody manage users. */
  const manager = Effect.fnUntraced(function* (user: UserId) {
    const access = yield* Access;
    const { admin: caller, managing } = subject();
    yield* access.setRoles({
      id: newId(),
      caller,
      subject: user,
      tag: null,
      roles: [managing],
      askedAt,
      confirmed: [caller],
    });
  });

  /** A new registration. */
  const started = Effect.fnUntraced(function* (overrides: Partial<RegisterUser> = {}) {
    const ledger = yield* Ledger;
    const command = request(overrides);
    const opening = yield* ledger.open(command);
    if (opening._tag !== "Opened") return yield* Effect.die(new Error(`not opened: ${opening._tag}`));
    const { registration } = opening;
    if (registration.state !== "started")
      return yield* Effect.die(new Error(`not new: ${registration.state}`));
    return registration;
  });

  /** A new registration, brought to a state by the moves that lead there. */
  const inState = Effect.fnUntraced(function* (state: State, overrides: Partial<RegisterUser> = {}) {
    const ledger = yield* Ledger;
    const { id } = yield* started(overrides);
    yield* lead(state, id);
    const registration: Registration = yield* read(id);
    if (registration.state !== state) return yield* Effect.die(new Error(`led to ${registration.state}`));
    return registration;

    function lead(goal: State, of: OperationId): Effect.Effect<unknown, unknown, Ledger> {
      const sub = newSub();
      switch (goal) {
        case "started":
          return Effect.void;
        case "registered":
          return ledger.commit(of, sub);
        case "rolling_back":
          return ledger.fence(of);
        case "completed":
          return Effect.andThen(ledger.commit(of, sub), ledger.complete(of));
        case "rejected":
          return ledger.reject(of, "user_exists", true, null);
        case "rolled_back":
          return Effect.andThen(ledger.fence(of), ledger.markRolledBack(of, { consumed: false, sub: null }));
        case "user_lost":
          return ledger
            .commit(of, sub)
            .pipe(
              Effect.andThen(lose(of)),
              Effect.andThen(subject().age(HORIZON + 1)),
              Effect.andThen(Effect.suspend(() => lose(of))),
            );
      }
    }
    function lose(of: OperationId) {
      return Effect.flatMap(Effect.orDie(read(of)), ({ readAt }) => ledger.missing(of, readAt));
    }
  });

  /** Two looks, a horizon apart, that do not find the user of a registered registration. */
  const lose = Effect.fnUntraced(function* (of: OperationId) {
    const ledger = yield* Ledger;
    for (let looks = 0; looks < 2; looks++) {
      if (looks > 0) yield* subject().age(HORIZON + 1);
      yield* ledger.missing(of, (yield* read(of)).readAt);
    }
  });

  return { check, request, read, readChange, manager, started, inState, lose };
};

/** Seconds from one time to another; NaN where one is absent. */
export const seconds = (from: string | null, to: string | null): number =>
  from === null || to === null ? Number.NaN : (Date.parse(to) - Date.parse(from)) / 1000;
