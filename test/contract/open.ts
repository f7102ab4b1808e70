/** What `open` keeps: who may, which roles, whose key, whose address, and one registration at a time. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction } from "../../src/domain/audit.ts";
import { RoleId } from "../../src/domain/user.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Ledger, type Opening } from "../../src/ports/ledger.ts";
import { askedAt, BUDGET, makeLedger, newId, newSub, seconds, someone } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

const unknownRole = RoleId.make("00000000-0000-4000-8000-00000000dead");
const otherUnknownRole = RoleId.make("00000000-0000-4000-8000-00000000beef");
const tags = (openings: ReadonlyArray<Opening>, tag: Opening["_tag"]) =>
  openings.filter(({ _tag }) => _tag === tag).length;

export const openContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, request, started, inState } = makeLedger(test, subject);

  describe(`${name}: Ledger.open`, () => {
    check(
      "writes the registration down as started, due when its budget is over",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const command = request({ roles: [...subject().roles], idempotencyKey: "key" });
        const opening = yield* ledger.open(command);
        assert.strictEqual(opening._tag, "Opened");
        if (opening._tag !== "Opened") return;
        const { registration } = opening;
        assert.strictEqual(registration.id, command.id);
        assert.strictEqual(registration.state, "started");
        assert.strictEqual(registration.email, command.email);
        assert.deepStrictEqual(registration.roles, command.roles);
        assert.strictEqual(registration.caller, command.caller);
        assert.strictEqual(seconds(registration.startedAt, registration.dueAt), BUDGET);
        assert.deepStrictEqual(
          [registration.stale, registration.pastHorizon, registration.graceOver],
          [false, false, false],
        );
        assert.deepStrictEqual(
          registration.history.map(({ state, by }) => [state, by]),
          [["started", "request"]],
        );
      }),
    );

    check(
      "denies a caller without the permission, writes no registration, and once that they asked",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const command = request({ caller: subject().viewer });
        assert.deepStrictEqual(yield* ledger.open(command), { _tag: "Denied" });
        assert.deepStrictEqual(yield* ledger.open(request({ caller: newSub() })), { _tag: "Denied" });
        assert.deepStrictEqual(yield* ledger.open(command), { _tag: "Denied" });
        assert.strictEqual((yield* ledger.find(command.id))._tag, "None");
        const { viewer } = subject();
        const denials = (yield* subject().audit).filter(({ by }) => by === viewer);
        assert.deepStrictEqual(
          denials.map(({ action, userId }) => [action, userId]),
          [[AuditAction.deniedRegistration, viewer]],
        );
        assert.notStrictEqual(denials[0]?.id, command.id, "the id stays free for a commit's audit row");
        assert.strictEqual((yield* subject().audit).length, 2);
      }),
    );

    check(
      "names every unknown role, in the order of the request, and writes nothing",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const command = request({ roles: [unknownRole, subject().roles[0], otherUnknownRole] });
        assert.deepStrictEqual(yield* ledger.open(command), {
          _tag: "UnknownRoles",
          roles: [unknownRole, otherUnknownRole],
        });
        assert.strictEqual((yield* ledger.find(command.id))._tag, "None");
      }),
    );

    check(
      "takes a request without roles",
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* started({ roles: [] })).roles, []);
      }),
    );

    check(
      "opens the same registration again for the same id",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const command = request({ idempotencyKey: "key" });
        const first = yield* ledger.open(command);
        const again = yield* ledger.open(command);
        assert.strictEqual(again._tag, "Opened");
        assert.isTrue(
          first._tag === "Opened" &&
            again._tag === "Opened" &&
            first.registration.startedAt === again.registration.startedAt,
        );
      }),
    );

    check(
      "shows the holder of the key, and whether the request is the same",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const [one, two] = subject().roles;
        const name = "Ada Lovelace";
        const holder = yield* started({ idempotencyKey: "key", name, roles: [one, two] });
        const again = { idempotencyKey: "key", email: holder.email, name };
        const cases = [
          [{ ...again, roles: [two, one] }, true],
          [{ ...again, roles: [one, two, one] }, true],
          [{ ...again, roles: [one] }, false],
          [{ ...again, roles: [] }, false],
          [{ ...again, roles: [one, two, unknownRole] }, false],
          [{ ...again, roles: [one, two], email: someone() }, false],
          [{ ...again, roles: [one, two], kind: "register_with_roles" }, false],
          [{ ...again, roles: [one, two], name: "Ada" }, false],
          [{ ...again, roles: [one, two], name: null }, false],
        ] as const;
        for (const [overrides, sameRequest] of cases) {
          const opening = yield* ledger.open(request(overrides));
          assert.strictEqual(opening._tag, "KeyHeld");
          if (opening._tag !== "KeyHeld") return;
          assert.strictEqual(opening.registration.id, holder.id);
          assert.strictEqual(opening.sameRequest, sameRequest);
        }
      }),
    );

    for (const state of ["registered", "completed", "rejected", "user_lost", "rolling_back"] as const) {
      check(
        `lets a ${state} registration keep its key`,
        Effect.gen(function* () {
          const ledger = yield* Ledger;
          const holder = yield* inState(state, { idempotencyKey: "key" });
          const opening = yield* ledger.open(request({ idempotencyKey: "key", email: holder.email }));
          assert.strictEqual(opening._tag, "KeyHeld");
        }),
      );
    }

    check(
      "says with the holder of the key whether its user was removed here, also before the removal is done",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const changes = yield* Changes;
        const holder = yield* inState("completed", { idempotencyKey: "key" });
        const isGone = Effect.map(
          ledger.open(request({ idempotencyKey: "key", email: holder.email })),
          (opening) => opening._tag === "KeyHeld" && opening.userGone,
        );
        const change = (kind: "disable" | "remove") => {
          const { admin: caller } = subject();
          return changes.open({
            id: newId(),
            caller,
            subject: holder.sub ?? newSub(),
            kind,
            tag: null,
            askedAt,
            confirmed: [],
          });
        };
        yield* change("disable");
        assert.isFalse(yield* isGone);
        yield* change("remove");
        assert.isTrue(yield* isGone);
        const lost = yield* inState("user_lost", { idempotencyKey: "other" });
        const again = yield* ledger.open(request({ idempotencyKey: "other", email: lost.email }));
        assert.isTrue(again._tag === "KeyHeld" && again.userGone);
      }),
    );

    check(
      "names the registrations that have the address, while the ledger does not know their users to be gone",
      Effect.gen(function* () {
        const [ledger, changes] = [yield* Ledger, yield* Changes];
        const email = someone();
        const earlier = Effect.gen(function* () {
          const opening = yield* ledger.open(request({ email }));
          if (opening._tag !== "Opened") return yield* Effect.die(new Error(opening._tag));
          yield* ledger.abandon(opening.registration.id);
          return opening.earlier.map(({ id, state }) => [id, state]);
        });
        assert.deepStrictEqual(yield* earlier, []);
        yield* inState("rejected", { email });
        yield* inState("rolled_back", { email });
        yield* inState("completed");
        yield* inState("user_lost", { email });
        assert.deepStrictEqual(yield* earlier, []);
        const registered = yield* inState("registered", { email });
        assert.deepStrictEqual(yield* earlier, [[registered.id, "registered"]]);
        const { caller, sub } = registered;
        yield* changes.open({
          id: newId(),
          kind: "remove",
          caller,
          subject: sub ?? newSub(),
          tag: null,
          askedAt,
          confirmed: [subject().admin],
        });
        assert.deepStrictEqual(yield* earlier, []);
      }),
    );

    check(
      "knows whose a user is where no tag says so: of another registration, perhaps of one that is open, or nobody's",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const [email, sub] = [someone(), newSub()];
        const mine = yield* inState("rolled_back", { email });
        const asked = ledger.holderOf(mine, sub);
        assert.strictEqual(yield* asked, "nobody");
        const { id } = yield* started({ email });
        assert.strictEqual(yield* asked, "open");
        assert.strictEqual(yield* ledger.holderOf({ id, email }, sub), "nobody");
        yield* ledger.commit(id, sub);
        assert.strictEqual(yield* asked, "registered");
        assert.strictEqual(yield* ledger.holderOf({ id, email }, sub), "nobody");
        yield* ledger.complete(id);
        assert.strictEqual(yield* asked, "registered");
        assert.strictEqual(yield* ledger.holderOf(mine, newSub()), "nobody");
      }),
    );

    check(
      "frees the key of a registration that was rolled back",
      Effect.gen(function* () {
        const { email } = yield* inState("rolled_back", { idempotencyKey: "key" });
        yield* started({ idempotencyKey: "key", email });
      }),
    );

    for (const state of ["started", "rolling_back"] as const) {
      check(
        `lets a ${state} registration keep its address, against a key as well`,
        Effect.gen(function* () {
          const ledger = yield* Ledger;
          const holder = yield* inState(state);
          const opening = yield* ledger.open(request({ email: holder.email, idempotencyKey: "key" }));
          assert.isTrue(opening._tag === "AddressHeld" && opening.registration.id === holder.id);
        }),
      );
    }

    for (const state of ["registered", "completed", "rejected", "rolled_back", "user_lost"] as const) {
      check(
        `frees the address of a ${state} registration`,
        Effect.gen(function* () {
          const { email } = yield* inState(state);
          yield* started({ email });
        }),
      );
    }

    check(
      "opens one registration where twenty ask for the address at once",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const email = someone();
        const asks = Array.from({ length: 20 }, () => ledger.open(request({ email })));
        const openings = yield* Effect.all(asks, { concurrency: "unbounded" });
        assert.strictEqual(tags(openings, "Opened"), 1);
        assert.strictEqual(tags(openings, "AddressHeld") + tags(openings, "Contended"), 19);
      }),
    );

    check(
      "opens one registration where twenty ask with the key at once, for different addresses",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const asks = Array.from({ length: 20 }, () => ledger.open(request({ idempotencyKey: "key" })));
        const openings = yield* Effect.all(asks, { concurrency: "unbounded" });
        assert.strictEqual(tags(openings, "Opened"), 1);
        assert.strictEqual(tags(openings, "KeyHeld") + tags(openings, "Contended"), 19);
      }),
    );

    check(
      "opens one registration where its id is sent twenty times at once",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const command = request({ id: newId() });
        const asks = Array.from({ length: 20 }, () => ledger.open(command));
        const openings = yield* Effect.all(asks, { concurrency: "unbounded" });
        assert.isAtLeast(tags(openings, "Opened"), 1);
        assert.strictEqual(tags(openings, "Opened") + tags(openings, "Contended"), 20);
        assert.strictEqual((yield* ledger.open(command))._tag, "Opened");
      }),
    );
  });
};
