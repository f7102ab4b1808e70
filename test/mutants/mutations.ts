/**
 * The holes of docs/protocol.md, and a few more, as changes to a copy of the sources: each has to be caught, or the
 * tests have no teeth. `by`: what is run against it. A change whose `find` is not there any more fails as well.
 */
export interface Edit {
  readonly file: string;
  /** Where to begin to look; the start of the file if absent. */
  readonly after?: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutation {
  readonly name: string;
  readonly by: "programs" | "postgres";
  readonly edits: ReadonlyArray<Edit>;
}

const SETTLE = "src/programs/sweep/resolve.ts";
const OBTAIN = "src/programs/register/create.ts";
const REGISTER = "src/programs/register/register.ts";
const MOVES = "test/simulation/memory/moves.ts";
const ROWS = "test/simulation/memory/rows.ts";
const CHANGES = "test/simulation/memory/changes.ts";
const CHANGES_SQL = "src/adapters/postgres/changes.ts";
const SQL = "src/adapters/postgres/statements.ts";

const programs = (name: string, ...edits: ReadonlyArray<readonly [string, string, string]>): Mutation => ({
  ...{ name, by: "programs" },
  edits: edits.map(([file, find, replace]) => ({ file, find, replace })),
});

const postgresIn =
  (file: string) =>
  (name: string, ...edits: ReadonlyArray<readonly [string, string, string]>): Mutation => ({
    ...{ name, by: "postgres" },
    edits: edits.map(([after, find, replace]) => ({ file, after, find, replace })),
  });

const postgres = postgresIn(SQL);
const changesSql = postgresIn(CHANGES_SQL);

export const mutations: ReadonlyArray<Mutation> = [
  programs("hole 1: a registration that is closed on `absent` is not watched", [
    SETTLE,
    "if (Option.isNone(found)) return { consumed: false, sub: null };",
    "if (Option.isNone(found)) return { consumed: true, sub: null };",
  ]),
  programs("hole 1: a registration that is closed on another's user is not watched", [
    SETTLE,
    "if (found.value.tag !== registration.id) return { consumed: false, sub: null };",
    "if (found.value.tag !== registration.id) return { consumed: true, sub: null };",
  ]),
  programs("hole 2: a doubtful create that met a stranger is not watched", [
    OBTAIN,
    "ledger.reject(operationId, verdict, outcomeUnknown)",
    "ledger.reject(operationId, verdict, false)",
  ]),
  programs(
    "hole 3: a create is sent again although the first may still land",
    [
      OBTAIN,
      "outcomeUnknown ? tracked : tryAgain(registration, cause)",
      "outcomeUnknown ? again ? create(registration, false) : tracked : tryAgain(registration, cause)",
    ],
    [OBTAIN, "{ outcomeUnknown: true, again: false, cause }", "{ outcomeUnknown: true, again, cause }"],
  ),
  programs(
    "hole 4: a sweeper finishes a registered registration that its worker may still undo",
    [SETTLE, "registration.acknowledgedAt !== null || registration.pastHorizon", "registration.stale"],
    [MOVES, "dueAt: row.startedAt + at.terms.horizon", "dueAt: row.startedAt + at.terms.budget"],
  ),
  programs("hole 4: a repeated key hears 200 before the worker has read `registered`", [
    "src/programs/register/open.ts",
    "if (registration.acknowledgedAt !== null) return registered;",
    "if (registration.sub !== null) return registered;",
  ]),
  programs("hole 5: a fence that lost the race passes for held", [
    SETTLE,
    `(yield* ledger.fence(registration.id)) === "rolling_back"`,
    `(yield* ledger.fence(registration.id)) !== "completed"`,
  ]),
  programs("hole 5: the worker does not look at what the fence has read", [
    REGISTER,
    `const isRegistered = Option.exists<State>((state) => state === "registered" || state === "completed");`,
    "const isRegistered = (_: Option.Option<State>) => false;",
  ]),
  programs("hole 6: `missing` is believed once", [
    MOVES,
    "row.missingSince !== null && row.missingSince < before",
    "(row.missingSince ?? 0) <= before + at.terms.horizon * 2",
  ]),
  programs("hole 7: the key of a compensated registration runs again", [
    "test/simulation/memory/queries.ts",
    `row.state !== "rolled_back",`,
    `row.state !== "rolled_back" && row.state !== "user_lost",`,
  ]),
  programs("hole 8: one absent read after the horizon closes for good", [
    SETTLE,
    "if (Option.isNone(found)) return { consumed: false, sub: null };",
    "if (Option.isNone(found)) return { consumed: registration.pastHorizon, sub: null };",
  ]),
  programs("hole 9: the delete is by address", [
    SETTLE,
    "identity.remove(found.value.sub)",
    "identity.remove(registration.email as never)",
  ]),
  programs("hole 10: a watch ends with the horizon, where a read may be older than its last minute", [
    ROWS,
    "row.startedAt + 2 * terms.horizon",
    "row.startedAt + terms.horizon",
  ]),
  programs("hole 10: a watch that was kept late ends at once", [
    ROWS,
    "Math.max(now, row.startedAt + 2 * terms.horizon) + MINUTE",
    "row.startedAt + 2 * terms.horizon",
  ]),
  programs("no tag is compared before a delete", [
    SETTLE,
    "if (found.value.tag !== registration.id) return { consumed: false, sub: null };",
    "",
  ]),
  programs("no tag is compared before a commit", [
    OBTAIN,
    "if (user.tag === registration.id) return user;",
    "if (user.tag !== null) return user;",
  ]),
  programs("a registered user passes for nobody's", [
    OBTAIN,
    `state === "rolled_back" || state === "rejected"`,
    `state !== "completed"`,
  ]),
  programs("nothing is fenced before a delete", [
    SETTLE,
    `return (yield* ledger.fence(registration.id)) === "rolling_back" ? yield* rollBack(registration) : "waiting";`,
    "const done = yield* rollBack(registration); yield* ledger.fence(registration.id); return done;",
  ]),
  programs("a commit lands in a registration that is being rolled back", [
    MOVES,
    `const moved = update(at, id, inState("started"), (row) => ({
    ...fresh,
    state: "registered",`,
    `const moved = update(at, id, inState("started", "rolling_back", "rolled_back"), (row) => ({
    ...fresh,
    state: "registered",`,
  ]),
  programs("a create is sent three times, as the SDK would", [
    OBTAIN,
    "return yield* identity.create({ email: registration.email, tag: registration.id }).pipe(",
    `return yield* identity.create({ email: registration.email, tag: registration.id }).pipe(
    Effect.retry({ times: 2, while: ({ reason }) => reason._tag === "OutcomeUnknown" }),`,
  ]),
  programs("an unfenced delete is sent after the budget", [
    REGISTER,
    "if (Option.isNone(fenced) && !(yield* withinBudget)) {",
    "if (Option.isNone(fenced) && fenced !== fenced) {",
  ]),
  programs("a create is sent after the budget", [
    OBTAIN,
    "if (!(yield* withinBudget)) return yield* tryAgain(registration);",
    "yield* withinBudget;",
  ]),
  programs("a lost create that is not seen counts as none", [
    OBTAIN,
    "outcomeUnknown ? tracked : tryAgain(registration, cause)",
    "tryAgain(registration, cause)",
  ]),
  programs("a lease does not put the registration off", [
    MOVES,
    "dueAt: now + (tries + 1 > TRIES_BEFORE_OPERATOR ? DAY : Math.min(HOUR, MINUTE * 2 ** tries)),",
    "dueAt: now + (tries > 50 ? DAY + HOUR + MINUTE + TRIES_BEFORE_OPERATOR : 0),",
  ]),
  programs("the last look deletes whoever has the address", [
    SETTLE,
    "if (found.value.tag !== registration.id) return",
    "if (registration.graceUntil === null && found.value.tag !== registration.id) return",
  ]),
  programs("a pool without tags has its doubtful users deleted", [
    SETTLE,
    "if (!identity.tagsUsers) {",
    "if (!identity.tagsUsers && registration.id === null) {",
  ]),
  programs("a user who was to be removed is registered afterwards", [
    MOVES,
    "if (isRemoved(at.world, sub)) return false;",
    "",
  ]),
  programs("a removal leaves the grants", [
    CHANGES,
    `if (kind === "remove") world.grants.delete(subject);`,
    "",
  ]),
  programs("a rollback leaves the grants", [
    MOVES,
    "if (moved.sub !== null) at.world.grants.delete(moved.sub);",
    "",
  ]),
  programs("a user who is lost keeps his grants", [
    MOVES,
    "if (lost.sub !== null) at.world.grants.delete(lost.sub);",
    "",
  ]),
  programs("a change is done to a user whose registration has not kept him", [
    CHANGES,
    "const registration = unresolved(world, tag) ?? ",
    "const registration = ",
  ]),
  programs("an administrator invites a user whom his worker may still delete", [
    CHANGES,
    `?? (kind === "invite" ? undoable(at, tag) : undefined)`,
    "",
  ]),
  programs("a change closes no pending opposite", [
    CHANGES,
    "if (row.sub !== subject || !areOpposite(row.kind, kind)) continue;",
    "if (row.sub !== null) continue;",
  ]),
  programs("a change whose opposite may still land is not watched", [
    CHANGES,
    "const until = opposed ? now + terms.horizon + MINUTE : null;",
    "const until = opposed && now < 0 ? now + terms.horizon + MINUTE : null;",
  ]),
  programs("a change's opposites are those of when its end lands", [
    CHANGES,
    "closedAt > startedAt - terms.horizon",
    "closedAt > Math.max(startedAt, now) - terms.horizon",
  ]),
  programs("an older change is done once more", [
    SETTLE,
    "if (yield* changes.isNewest(change)) yield* carryOut(change);",
    "yield* carryOut(change);",
  ]),
  programs("the watch of a change ends without doing it once more", [
    SETTLE,
    "if (yield* changes.isNewest(change)) yield* carryOut(change);",
    "yield* changes.isNewest(change);",
  ]),
  programs("a stale change is finished without being done", [
    SETTLE,
    "    yield* carryOut(change);\n    return (yield* changes.finish",
    "    return (yield* changes.finish",
  ]),
  programs("a change is done before it is written down", [
    "src/programs/change.ts",
    "const changes = yield* Changes;\n  const opening",
    "const changes = yield* Changes;\n  yield* Effect.ignore(carryOut({ kind, sub: subject }));\n  const opening",
  ]),
  programs("one's own account may be removed", [
    "src/programs/change.ts",
    `(kind === "remove" || kind === "disable")) return`,
    `kind === "disable") return`,
  ]),
  programs("a user thought missing and seen again stays missing", [
    SETTLE,
    "if (registration.missingSince !== null) yield* ledger.seen(registration.id);",
    "",
  ]),

  postgres("SQL: commit from any state", [
    ...(["export const commit", "state = 'started'", "state in ('started', 'rolling_back')"] as const),
  ]),
  postgres("SQL: fence from any state", [
    ...(["export const fence", "state = 'started'", "state in ('started', 'registered')"] as const),
  ]),
  postgres("SQL: settle keeps too short a watch", [
    ...(["const watch =", "interval '1 minute'", "interval '1 second'"] as const),
  ]),
  postgres("SQL: hole 10: a watch ends with the horizon", [
    ...(["const watch =", "started_at + 2 * ", "started_at + "] as const),
  ]),
  postgres("SQL: missing is believed once", [
    "lost as (",
    "and missing_since < $2::timestamptz",
    "and coalesce(missing_since, '2000-01-01') < $2::timestamptz",
  ]),
  postgres("SQL: the key of a compensated registration runs again", [
    "key_holder as (",
    "state <> 'rolled_back'",
    "state not in ('rolled_back', 'user_lost')",
  ]),
  postgres("SQL: a lease puts nothing off", [
    "export const lease",
    "due_at = now() + case",
    "due_at = now() - case",
  ]),
  postgres("SQL: a lease locks nothing", ["export const lease", " for update skip locked", ""]),
  {
    ...{ name: "SQL: a fence that moved nothing passes for held", by: "postgres" },
    edits: [
      {
        file: "src/adapters/postgres/ledger.ts",
        find: `if (rows.length > 0) return "rolling_back";`,
        replace: `if (rows.length >= 0) return "rolling_back";`,
      },
    ],
  },
  postgres("SQL: the audit row's time is the session's", [
    "export const auditRow =",
    "to_char(statement_timestamp() at time zone 'utc', ",
    "to_char(statement_timestamp(), ",
  ]),
  postgres("SQL: a loser of the race for an address is an error", [
    "export const open",
    "on conflict do nothing",
    "on conflict (id) do nothing",
  ]),
  postgres("SQL: a commit does not look for a removal", [
    "export const commit",
    "and not exists (select from registrar.operation removal where removal.sub = $2::uuid and removal.kind = 'remove')",
    "",
  ]),
  postgres("SQL: a rollback leaves the grants", [
    ...([
      "export const settle",
      "user_role.user_id = moved.sub",
      "user_role.user_id = moved.sub and false",
    ] as const),
  ]),
  postgres("SQL: a last look leaves the grants", [
    ...([
      "export const endGracePeriod",
      "where user_id = $2::uuid and exists",
      "where false and user_id = $2::uuid and exists",
    ] as const),
  ]),
  postgres("SQL: a user who is lost keeps his grants", [
    ...([
      "export const missing",
      "user_role.user_id = lost.sub",
      "user_role.user_id = lost.sub and false",
    ] as const),
  ]),
  postgres("SQL: a lease tags nothing for an operator", [
    ...(["export const lease", "needs_operator or tries >= ", "needs_operator or tries >= 1000 * "] as const),
  ]),
  postgres("SQL: a row that has closed is noted as failed", [
    ...(["export const defer", "(closed_at is null or state = $4::text)", "$4::text <> ''"] as const),
  ]),
  postgres("SQL: whom a change has disabled counts as a manager", [
    ...(["export const otherManagers", "<> 'disable', true)", "<> 'nothing', true)"] as const),
  ]),
  postgres("SQL: a registration that is rolled back has settled its user", [
    ...(["export const unresolved", "'rejected', 'rolled_back')", "'rejected')"] as const),
  ]),
  changesSql("SQL: an invitation does not wait for the acknowledgement", [
    ...(["const OPEN", "and $4::text = 'invite'", "and $4::text = 'nothing'"] as const),
  ]),
  changesSql("SQL: a change closes no pending opposite", [
    ...([
      "contradicted as (",
      "(('enable', 'disable'), ('disable', 'enable'))",
      "(('enable', 'enable'))",
    ] as const),
  ]),
  changesSql("SQL: a removal leaves the grants", [
    ...(["revoked as (", "kind = 'remove'", "kind = 'nothing'"] as const),
  ]),
  changesSql("SQL: a change's opposites are those of when its end lands", [
    ...(["const FINISH", "mine.started_at - ", "now() - "] as const),
  ]),
  changesSql("SQL: a change that is watched does not count as an opposite", [
    ...(["const FINISH", "or other.grace_until is not null", ""] as const),
  ]),
  changesSql("SQL: a removal does not count as newer", [
    ...(["const IS_NEWEST", "'disable', 'remove'", "'disable'"] as const),
  ]),
  changesSql("SQL: changes do not wait their turn", [
    ...(["export const ChangesPostgres", "database.queryAlone(MANAGERS, ", "database.query("] as const),
  ]),
  postgresIn("src/adapters/postgres/access.ts")("SQL: roles do not wait their turn", [
    ...(["export const AccessPostgres", "database.queryAlone(MANAGERS, ", "database.query("] as const),
  ]),
  postgresIn("src/adapters/postgres/access.ts")("SQL: a lost user is given roles", [
    ...(["removed as (", "or state = 'user_lost'", ""] as const),
  ]),
  postgresIn("src/adapters/postgres/access.ts")("SQL: a repeat sets the roles again", [
    ...(["const SET_ROLES", " and not exists (select from repeated)", ""] as const),
  ]),
];
