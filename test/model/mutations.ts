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

const SETTLE = "src/settle.ts";
const OBTAIN = "src/obtain.ts";
const REGISTER = "src/register.ts";
const MOVES = "test/memory/moves.ts";
const SQL = "src/services/statements.ts";

const programs = (name: string, ...edits: ReadonlyArray<readonly [string, string, string]>): Mutation => ({
  ...{ name, by: "programs" },
  edits: edits.map(([file, find, replace]) => ({ file, find, replace })),
});

const postgres = (name: string, ...edits: ReadonlyArray<readonly [string, string, string]>): Mutation => ({
  ...{ name, by: "postgres" },
  edits: edits.map(([after, find, replace]) => ({ file: SQL, after, find, replace })),
});

export const mutations: ReadonlyArray<Mutation> = [
  programs("hole 1: an attempt that is closed on `absent` is not watched", [
    SETTLE,
    "consumed: sub !== null, sub",
    "consumed: true, sub",
  ]),
  programs("hole 2: a doubtful create that met a stranger is not watched", [
    OBTAIN,
    "registrations.reject(registrationId, verdict, doubt)",
    "registrations.reject(registrationId, verdict, false)",
  ]),
  programs(
    "hole 3: a create is sent again although the first may still land",
    [
      OBTAIN,
      "doubt ? tracked : tryAgain(attempt, cause)",
      "doubt ? again ? obtain(attempt, false) : tracked : tryAgain(attempt, cause)",
    ],
    [OBTAIN, "{ doubt: true, again: false, cause }", "{ doubt: true, again, cause }"],
  ),
  programs(
    "hole 4: a sweeper finishes a registered attempt that its worker may still undo",
    [SETTLE, "attempt.acknowledgedAt !== null || attempt.pastHorizon", "attempt.stale"],
    [MOVES, "dueAt: row.startedAt + at.terms.horizon", "dueAt: row.startedAt + at.terms.budget"],
  ),
  programs("hole 4: a repeated key hears 200 before the worker has read `registered`", [
    "src/open.ts",
    "if (attempt.acknowledgedAt !== null) return registered;",
    "if (attempt.sub !== null) return registered;",
  ]),
  programs("hole 5: a fence that lost the race passes for held", [
    SETTLE,
    `(yield* registrations.fence(attempt.id)) === "rolling_back"`,
    `(yield* registrations.fence(attempt.id)) !== "completed"`,
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
  programs("hole 7: the key of a compensated attempt runs again", [
    "test/memory/queries.ts",
    `row.state !== "rolled_back",`,
    `row.state !== "rolled_back" && row.state !== "user_lost",`,
  ]),
  programs("hole 8: one absent read after the horizon closes for good", [
    SETTLE,
    "consumed: sub !== null, sub",
    "consumed: sub !== null || attempt.pastHorizon, sub",
  ]),
  programs("hole 9: the delete is by address", [
    SETTLE,
    "identity.remove(found.value.sub)",
    "identity.remove(attempt.email as never)",
  ]),
  programs("no mark is compared before a delete", [
    SETTLE,
    "if (found.value.mark !== attempt.id) return null;",
    "",
  ]),
  programs("no mark is compared before a commit", [
    OBTAIN,
    "if (user.mark === attempt.id) return user;",
    "if (user.mark !== null) return user;",
  ]),
  programs("a registered user passes for nobody's", [
    OBTAIN,
    `state === "rolled_back" || state === "rejected"`,
    `state !== "completed"`,
  ]),
  programs("nothing is fenced before a delete", [
    SETTLE,
    `return (yield* registrations.fence(attempt.id)) === "rolling_back" ? yield* rollBack(attempt) : "waiting";`,
    "const done = yield* rollBack(attempt); yield* registrations.fence(attempt.id); return done;",
  ]),
  programs("a commit lands in an attempt that is being rolled back", [
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
    "return yield* identity.create({ email: attempt.email, mark: attempt.id }).pipe(",
    `return yield* identity.create({ email: attempt.email, mark: attempt.id }).pipe(
    Effect.retry({ times: 2, while: ({ reason }) => reason._tag === "OutcomeUnknown" }),`,
  ]),
  programs("an unfenced delete is sent after the budget", [
    REGISTER,
    "if (Option.isNone(fenced) && !(yield* withinBudget)) {",
    "if (Option.isNone(fenced) && fenced !== fenced) {",
  ]),
  programs("a create is sent after the budget", [
    OBTAIN,
    "if (!(yield* withinBudget)) return yield* tryAgain(attempt);",
    "yield* withinBudget;",
  ]),
  programs("a lost create that is not seen counts as none", [
    OBTAIN,
    "doubt ? tracked : tryAgain(attempt, cause)",
    "tryAgain(attempt, cause)",
  ]),
  programs("a lease does not put the attempt off", [
    MOVES,
    "dueAt: now + (tries + 1 > TRIES_BEFORE_OPERATOR ? DAY : Math.min(HOUR, MINUTE * 2 ** tries)),",
    "dueAt: now + (tries > 50 ? DAY + HOUR + MINUTE + TRIES_BEFORE_OPERATOR : 0),",
  ]),
  programs("the last look deletes whoever has the address", [
    SETTLE,
    "if (!identity.marksUsers) return yield* new NeedsOperator();\n  if (found.value.mark !== attempt.id) return null;",
    "if (attempt.watchUntil === null && found.value.mark !== attempt.id) return null;",
  ]),

  postgres("SQL: commit from any state", [
    ...(["export const commit", "state = 'started'", "state in ('started', 'rolling_back')"] as const),
  ]),
  postgres("SQL: fence from any state", [
    ...(["export const fence", "state = 'started'", "state in ('started', 'registered')"] as const),
  ]),
  postgres("SQL: settle keeps too short a watch", [
    ...(["watch_until = case when $2", "interval '1 minute'", "interval '1 second'"] as const),
  ]),
  postgres("SQL: missing is believed once", [
    "lost as (",
    "and missing_since < $2::timestamptz",
    "and coalesce(missing_since, '2000-01-01') < $2::timestamptz",
  ]),
  postgres("SQL: the key of a compensated attempt runs again", [
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
        file: "src/services/RegistrationsSql.ts",
        find: `if (rows.length > 0) return "rolling_back";`,
        replace: `if (rows.length >= 0) return "rolling_back";`,
      },
    ],
  },
  postgres("SQL: the audit row's time is the session's", [
    "const audit =",
    "to_char(now() at time zone 'utc', ",
    "to_char(now(), ",
  ]),
  postgres("SQL: a loser of the race for an address is an error", [
    "export const open",
    "on conflict do nothing",
    "on conflict (id) do nothing",
  ]),
];
