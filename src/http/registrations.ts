/**
 * The ledger for operators: what became of an attempt, which ones are open, and one more try now.
 * All of it needs CAN_MANAGE_USERS.
 */
import { Effect, Option, Schema } from "effect";
import { outlook } from "../domain/outlook.ts";
import { type Entry, ErrandState, State } from "../domain/Registration.ts";
import { violation } from "../domain/User.ts";
import { attend } from "../reconcile.ts";
import { Actor, Registrations } from "../services/Registrations.ts";
import { LeaveUser } from "../settle.ts";
import { RegistrationNotFound } from "./errors.ts";
import type { AppContext, Handlers } from "./handler.ts";
import { requireManager, databaseUnavailable as unavailable } from "./manager.ts";
import { CursorParameter, limitUpTo, parseCursor, writeCursor } from "./query.ts";
import { decode, readBody } from "./validation.ts";

const PAGE_SIZE = { default: 50, max: 200 };

/** `GET /api/registrations/{id}`: the attempt, its history, and what happens next. */
export const getRegistration = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      return Response.json(view(yield* findAttempt(c)));
    }),
  );

const SettleBody = Schema.Struct({ leave: Schema.optionalKey(Schema.Boolean) });

/**
 * `POST /api/registrations/{id}/settle`: tries to settle it now, as far as the law allows. `{ "leave": true }`, for a
 * pool without marks: the user at the address is somebody else's, close the attempt and leave him alone.
 */
export const settleRegistration = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      const hasBody = c.req.header("Content-Type") !== undefined;
      const { leave = false } = hasBody ? yield* readBody(SettleBody, c.req) : {};
      const settlement = yield* attend(yield* findAttempt(c)).pipe(
        Effect.provideService(Actor, "operator"),
        Effect.provideService(LeaveUser, leave),
      );
      return Response.json({ settlement, registration: view(yield* findAttempt(c)) });
    }),
  );

/** `GET /api/registrations?state=…&needsOperator=true&limit=50&cursor=…`: newest first. */
export const listRegistrations = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      const query = yield* decode(ListParameters, c.req.query(), ["query"]);
      const registrations = yield* Registrations;
      const page = yield* registrations
        .list({
          state: query.state ?? null,
          needsOperator: query.needsOperator === undefined ? null : query.needsOperator === "true",
          cursor: parseCursor(query.cursor),
          limit: Number(query.limit ?? PAGE_SIZE.default),
        })
        .pipe(Effect.mapError(unavailable));
      return Response.json({ items: page.items.map(view), next: writeCursor(page.next) });
    }),
  );

const oneOf = (values: ReadonlyArray<string>) =>
  violation("literal_error", `Input should be one of: ${values.join(", ")}`);

const AnyState = Schema.Literals([...State.literals, ...ErrandState.literals]);

const ListParameters = Schema.Struct({
  state: Schema.optionalKey(AnyState.annotate(oneOf(AnyState.literals))),
  needsOperator: Schema.optionalKey(Schema.Literals(["true", "false"]).annotate(oneOf(["true", "false"]))),
  limit: limitUpTo(PAGE_SIZE.max),
  cursor: CursorParameter,
});

const PathId = Schema.String.check(
  Schema.isUUID(undefined, violation("uuid_parsing", "Input should be a valid UUID")),
).pipe(Schema.brand("RegistrationId"));

const findAttempt = Effect.fnUntraced(function* (c: AppContext) {
  const registrations = yield* Registrations;
  const id = yield* decode(PathId, c.req.param("id"), ["path", "registration_id"]);
  const found = yield* registrations.find(id).pipe(Effect.mapError(unavailable));
  return yield* Option.match(found, {
    onNone: () => new RegistrationNotFound(),
    onSome: (attempt) => Effect.succeed(attempt),
  });
});

/** A row of the ledger as an operator reads it. */
const view = (entry: Entry) => ({
  registrationId: entry.id,
  kind: entry.kind,
  state: entry.state,
  email: entry.email,
  roles: entry.roles,
  userId: entry.sub,
  registeredBy: entry.caller,
  verdict: entry.verdict,
  startedAt: entry.startedAt,
  closedAt: entry.closedAt,
  acknowledgedAt: entry.acknowledgedAt,
  missingSince: entry.missingSince,
  watchUntil: entry.watchUntil,
  tries: entry.tries,
  needsOperator: entry.needsOperator,
  lastError: entry.lastError,
  history: entry.history,
  next: { what: outlook(entry), at: entry.dueAt },
});
