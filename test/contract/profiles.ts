/**
 * What is kept of profiles, which FLIP has since June 2026: written with the registration, changed alone or with a disabling or an
 * enabling, each whole or not at all, never by a request that was sent before the one that stands.
 */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { AuditAction, withProfile } from "../../src/domain/audit.ts";
import type { ChangeUser, SetProfile } from "../../src/domain/operation.ts";
import type { ProfileFields, UserId } from "../../src/domain/user.ts";
import { Access } from "../../src/ports/access.ts";
import { Changes } from "../../src/ports/changes.ts";
import { Ledger } from "../../src/ports/ledger.ts";
import { askedAt, BUDGET, etagFor, makeLedger, newId, newSub } from "./ledger.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";

const ada: ProfileFields = { name: "Ada Lovelace", organisation: "Analytical Engines" };
const grace: ProfileFields = { name: "Grace Hopper", organisation: null };
const navy: ProfileFields = { name: null, organisation: "Navy" };

export const profilesContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, inState, started } = makeLedger(test, subject);

  const asking = (user: UserId) => ({
    id: newId(),
    caller: subject().admin,
    subject: user,
    tag: null,
    askedAt,
  });
  const set = Effect.fnUntraced(function* (
    user: UserId,
    profile: ProfileFields,
    more: Partial<SetProfile> = {},
  ) {
    const changes = yield* Changes;
    const answer = yield* changes.setProfile({ ...asking(user), profile, ...more });
    return answer._tag;
  });
  const change = Effect.fnUntraced(function* (
    kind: "disable" | "enable" | "remove",
    user: UserId,
    more: Partial<ChangeUser> = {},
  ) {
    const changes = yield* Changes;
    return yield* changes.open({ ...asking(user), kind, confirmed: [subject().admin], ...more });
  });
  const actions = (user: UserId) =>
    Effect.map(
      Effect.suspend(() => subject().audit),
      (rows) => rows.filter(({ userId }) => userId === user).map(({ action }) => action),
    );

  /** Seconds of one moment, all later than now. */
  const at = (second: number) => ({ askedAt: `2999-01-01T00:00:0${second}.000000Z` });

  describe(`${name}: profiles`, () => {
    check(
      "are written by the commit of the registration, with empty texts for what it does not say",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        for (const profile of [ada, grace, navy, { name: null, organisation: null }]) {
          const { id } = yield* started(profile);
          const sub = newSub();
          assert.isNull(yield* subject().profile(sub));
          yield* ledger.commit(id, sub);
          assert.deepStrictEqual(yield* subject().profile(sub), {
            name: profile.name ?? "",
            organisation: profile.organisation ?? "",
          });
        }
        const { id } = yield* started(ada);
        const sub = newSub();
        yield* ledger.fence(id);
        yield* ledger.commit(id, sub);
        assert.isNull(yield* subject().profile(sub), "no commit, no profile");
      }),
    );

    check(
      "keep at a commit what somebody has written meanwhile, and fill the rest",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const { id } = yield* started(ada);
        const sub = newSub();
        yield* set(sub, grace);
        yield* ledger.commit(id, sub);
        assert.deepStrictEqual(yield* subject().profile(sub), { ...ada, name: grace.name ?? "" });
      }),
    );

    check(
      "are changed field by field, each with an audit row under the id, and a repeat does nothing more",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const first = { ...asking(user), profile: ada };
        assert.deepStrictEqual(yield* changes.setProfile(first), { _tag: "Set" });
        assert.strictEqual(yield* set(user, grace), "Set");
        assert.strictEqual(yield* set(user, navy), "Set");
        assert.deepStrictEqual(yield* changes.setProfile(first), { _tag: "Set" });
        const expected = { name: "Grace Hopper", organisation: "Navy" };
        assert.deepStrictEqual(yield* subject().profile(user), expected);
        assert.deepStrictEqual(yield* actions(user), Array(3).fill(AuditAction.profileUpdated));
        assert.include(
          (yield* subject().audit).map(({ id }) => id),
          first.id,
        );
      }),
    );

    check(
      "are shown with the account and the look-up, to any caller, and change the entity tag",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin, viewer } = subject();
        const user = newSub();
        const empty = { name: "", organisation: "" };
        assert.deepStrictEqual((yield* access.accountsOf([user])).get(user)?.profile, empty);
        const tags = [yield* etagFor(admin, user)];
        for (const profile of [ada, grace, navy]) {
          yield* set(user, profile);
          tags.push(yield* etagFor(admin, user));
        }
        assert.strictEqual(new Set(tags).size, 4);
        yield* set(user, navy);
        assert.strictEqual(yield* etagFor(admin, user), tags[3], "it stays while nothing changes");
        const shown = { name: "Grace Hopper", organisation: "Navy" };
        assert.deepStrictEqual((yield* access.accountsOf([user])).get(user)?.profile, shown);
        assert.deepStrictEqual(yield* access.lookUp(viewer, user), { etag: null, profile: shown });
      }),
    );

    check(
      "are found by a part of the name or the organisation, in any case, and by no pattern",
      Effect.gen(function* () {
        const access = yield* Access;
        const [one, two] = [newSub(), newSub()];
        yield* set(one, ada);
        yield* set(two, { name: "100% O'Connor_", organisation: "ANALYTICAL Trust" });
        const found = (part: string) => Effect.map(access.profilesLike(part), (users) => [...users].sort());
        assert.deepStrictEqual(yield* found("lOVEl"), [one]);
        assert.deepStrictEqual(yield* found("analytical"), [one, two].sort());
        assert.deepStrictEqual(yield* found("0% o'c"), [two]);
        assert.deepStrictEqual(yield* found("o%r"), []);
        assert.deepStrictEqual(yield* found("nobody"), []);
      }),
    );

    check(
      "are changed only where the user has one of the entity tags that are named, and a repeat is not refused by itself",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const { admin } = subject();
        const user = newSub();
        const fresh = (yield* etagFor(admin, user)) ?? "";
        assert.strictEqual(yield* set(user, ada, { ifMatch: ["other"] }), "PreconditionFailed");
        const asked = { ...asking(user), profile: ada, ifMatch: ["other", fresh] };
        for (let turn = 0; turn < 2; turn++)
          assert.deepStrictEqual(yield* changes.setProfile(asked), { _tag: "Set" });
        assert.strictEqual(yield* set(user, grace, { ifMatch: [fresh] }), "PreconditionFailed");
        assert.strictEqual((yield* change("disable", user, { ifMatch: [fresh] }))._tag, "PreconditionFailed");
        assert.strictEqual((yield* actions(user)).length, 1);
      }),
    );

    check(
      "are not changed by who may not, nor of a user who is gone or not kept, nor once the budget is over",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin: caller, viewer } = subject();
        const user = newSub();
        assert.strictEqual(yield* set(user, ada, { caller: viewer }), "Denied");
        assert.deepStrictEqual(yield* actions(user), [AuditAction.denied]);
        yield* change("remove", user);
        assert.strictEqual(yield* set(user, ada), "Removed");
        const { id: tag } = yield* inState("rolled_back");
        assert.strictEqual(yield* set(newSub(), ada, { tag }), "Unresolved");
        const now = yield* access.mayManageUsers({ id: newId(), caller, subject: user });
        const late = new Date(Date.parse(now.askedAt) - (BUDGET + 1) * 1000).toISOString();
        const other = newSub();
        assert.strictEqual(yield* set(other, ada, { askedAt: late }), "TooLate");
        assert.isNull(yield* subject().profile(other));
        assert.deepStrictEqual(yield* actions(other), []);
      }),
    );

    check(
      "are not written over by a request that was sent before, whichever way; another field is its own",
      Effect.gen(function* () {
        const user = newSub();
        yield* set(user, grace, at(2));
        assert.strictEqual(yield* set(user, ada, at(1)), "Superseded");
        assert.strictEqual((yield* change("disable", user, { profile: ada, ...at(1) }))._tag, "Superseded");
        assert.strictEqual(yield* set(user, navy, at(1)), "Set");
        assert.strictEqual((yield* change("disable", user, { profile: ada, ...at(3) }))._tag, "Opened");
        assert.strictEqual(yield* set(user, grace, at(2)), "Superseded");
        assert.deepStrictEqual(yield* subject().profile(user), ada);
        assert.deepStrictEqual(yield* actions(user), [
          AuditAction.profileUpdated,
          AuditAction.profileUpdated,
          withProfile(AuditAction.disabled),
        ]);
      }),
    );

    check(
      "are written with a disabling or an enabling in one statement, with one audit row, and once",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        for (const [kind, profile] of [
          ["disable", ada],
          ["enable", grace],
        ] as const) {
          const asked = { ...asking(user), kind, profile, confirmed: [subject().admin] };
          for (let turn = 0; turn < 2; turn++)
            assert.strictEqual((yield* changes.open(asked))._tag, "Opened", kind);
          yield* changes.finish(asked.id);
        }
        assert.deepStrictEqual(yield* subject().profile(user), { ...ada, name: "Grace Hopper" });
        const rows = (yield* actions(user)).filter((action) => action.endsWith("and updated profile"));
        assert.deepStrictEqual(rows, [
          "Disabled user and updated profile",
          "Enabled user and updated profile",
        ]);
      }),
    );

    check(
      "are not written where the change that they came with is refused",
      Effect.gen(function* () {
        const { admin, viewer } = subject();
        assert.strictEqual((yield* change("disable", admin, { profile: ada }))._tag, "LastManager");
        assert.isNull(yield* subject().profile(admin));
        const user = newSub();
        const refused = yield* change("disable", user, { profile: ada, caller: viewer });
        assert.strictEqual(refused._tag, "Denied");
        yield* change("enable", user, at(3));
        assert.strictEqual((yield* change("disable", user, { profile: ada, ...at(2) }))._tag, "Superseded");
        assert.isNull(yield* subject().profile(user));
      }),
    );

    check(
      "are written, under a row of their own, where the change that they came with is pending already",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const pending = yield* change("disable", user);
        const asked = { ...asking(user), kind: "disable" as const, profile: ada, confirmed: [] };
        if (pending._tag !== "Opened") return assert.fail(pending._tag);
        for (let turn = 0; turn < 2; turn++) {
          const joined = yield* changes.open(asked);
          assert.strictEqual(joined._tag === "Opened" && joined.change.id, pending.change.id);
        }
        assert.deepStrictEqual(yield* subject().profile(user), ada);
        assert.deepStrictEqual(yield* actions(user), [AuditAction.disabled, AuditAction.profileUpdated]);
        yield* set(user, grace);
        const late = { ...asked, id: newId(), ...at(0) };
        assert.strictEqual(
          (yield* changes.open({ ...late, askedAt: "2998-01-01T00:00:00Z" }))._tag,
          "Superseded",
        );
        assert.deepStrictEqual(yield* subject().profile(user), { ...ada, name: "Grace Hopper" });
      }),
    );

    check(
      "have a row of their own also where that change is closed before the opening is repeated, which opens another",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const pending = yield* change("enable", user);
        const asked = { ...asking(user), kind: "enable" as const, profile: ada, confirmed: [] };
        if (pending._tag !== "Opened") return assert.fail(pending._tag);
        yield* changes.open(asked);
        yield* changes.finish(pending.change.id);
        for (let turn = 0; turn < 2; turn++) {
          const opened = yield* changes.open(asked);
          assert.strictEqual(opened._tag === "Opened" && opened.change.id, asked.id);
        }
        const trail = [AuditAction.enabled, AuditAction.profileUpdated, withProfile(AuditAction.enabled)];
        assert.deepStrictEqual([...(yield* actions(user))].sort(), [...trail].sort());
        assert.deepStrictEqual(yield* subject().profile(user), ada);
      }),
    );

    check(
      "end as one of the two where two are set at once",
      Effect.gen(function* () {
        for (let turn = 0; turn < 10; turn++) {
          const user = newSub();
          const tag = (yield* etagFor(subject().admin, user)) ?? "";
          const both = [ada, { name: "Grace Hopper", organisation: "Navy" }];
          const answers = yield* Effect.all(
            both.map((profile) => set(user, profile, { ifMatch: [tag] })),
            { concurrency: "unbounded" },
          );
          assert.deepStrictEqual([...answers].sort(), ["PreconditionFailed", "Set"]);
          assert.deepInclude(both, yield* subject().profile(user));
        }
      }),
    );
  });
};

/** What holds of a database that has no table of profiles. */
export const noProfilesContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  const { check, started } = makeLedger(test, subject);

  describe(`${name}: no profiles`, () => {
    check(
      "registers all the same, and keeps name and organisation in the ledger",
      Effect.gen(function* () {
        const ledger = yield* Ledger;
        const access = yield* Access;
        const { id } = yield* started(ada);
        const sub = newSub();
        assert.isTrue(yield* ledger.commit(id, sub));
        assert.isNull((yield* access.accountsOf([sub])).get(sub)?.profile);
        assert.isNull((yield* access.lookUp(subject().admin, sub)).profile);
        assert.strictEqual((yield* access.profilesLike("a")).size, 0);
      }),
    );

    check(
      "refuses to change one, alone or with a disabling, and does neither",
      Effect.gen(function* () {
        const changes = yield* Changes;
        const user = newSub();
        const asked = {
          id: newId(),
          caller: subject().admin,
          subject: user,
          tag: null,
          askedAt,
          profile: ada,
        };
        assert.deepStrictEqual(yield* changes.setProfile(asked), { _tag: "ProfilesNotKept" });
        const both = yield* changes.open({ ...asked, kind: "disable", confirmed: [] });
        assert.deepStrictEqual(both, { _tag: "ProfilesNotKept" });
        assert.deepStrictEqual(yield* subject().audit, []);
      }),
    );

    check(
      "speaks as FLIP did then",
      Effect.gen(function* () {
        const access = yield* Access;
        const { admin: caller } = subject();
        const { edition } = yield* access.mayManageUsers({ id: newId(), caller, subject: caller });
        assert.strictEqual(edition, "2026-05");
      }),
    );
  });
};
