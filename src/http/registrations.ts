/**
 * The ledger for operators: what became of an attempt, which ones are open, and one more try now.
 * All of it needs CAN_MANAGE_USERS.
 */
import { Effect, Option, Schema } from "effect";
import { Forbidden, Unavailable } from "../domain/errors.ts";
import { outlook } from "../domain/outlook.ts";
import { type Attempt, RegistrationId, State } from "../domain/Registration.ts";
import { violation } from "../domain/User.ts";
import { attend } from "../reconcile.ts";
import type { DatabaseError } from "../services/Database.ts";
import { Actor, Registrations } from "../services/Registrations.ts";
import { RegistrationNotFound } from "./errors.ts";
import type { AppContext, Handlers } from "./handler.ts";
import { decode } from "./validation.ts";

const PAGE_SIZE = { default: 50, max: 200 };

/** `GET /api/registrations/{id}`: the attempt, its history, and what happens next. */
export const getRegistration = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      return Response.json(view(yield* findAttempt(c)));
    }),
  );

/** `POST /api/registrations/{id}/settle`: tries to settle it now, as far as the law allows. */
export const settleRegistration = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      const settlement = yield* attend(yield* findAttempt(c)).pipe(Effect.provideService(Actor, "operator"));
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
          cursor: query.cursor === undefined ? null : parseCursor(query.cursor),
          limit: query.limit === undefined ? PAGE_SIZE.default : Number(query.limit),
        })
        .pipe(Effect.mapError(unavailable));
      return Response.json({ items: page.items.map(view), next: page.next });
    }),
  );

const CURSOR = /^(\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))_([0-9a-f-]{36})$/;

const oneOf = (values: ReadonlyArray<string>) =>
  violation("literal_error", `Input should be one of: ${values.join(", ")}`);

const ListParameters = Schema.Struct({
  state: Schema.optionalKey(State.annotate(oneOf(State.literals))),
  needsOperator: Schema.optionalKey(Schema.Literals(["true", "false"]).annotate(oneOf(["true", "false"]))),
  limit: Schema.optionalKey(
    Schema.String.check(
      Schema.makeFilter(
        (text: string) => /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= PAGE_SIZE.max,
        violation("int_parsing", `Input should be a whole number from 1 to ${PAGE_SIZE.max}`),
      ),
    ),
  ),
  cursor: Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(CURSOR, violation("cursor", "Input should be the `next` of an earlier page")),
    ),
  ),
});

const parseCursor = (cursor: string) => {
  const [, startedAt = "", id = ""] = cursor.match(CURSOR) ?? [];
  return { startedAt, id: RegistrationId.make(id) };
};

const unavailable = (cause: DatabaseError) => new Unavailable({ dependency: "database", cause });

const requireManager = Effect.fnUntraced(function* (c: AppContext) {
  const registrations = yield* Registrations;
  const caller = c.get("caller").sub;
  const allowed = yield* registrations.mayManageUsers(caller).pipe(Effect.mapError(unavailable));
  if (!allowed) return yield* new Forbidden({ caller, action: "manage users" });
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

/** An attempt as an operator reads it. */
const view = (attempt: Attempt) => {
  const {
    id,
    sub,
    caller,
    stale: _,
    pastHorizon: __,
    watchOver: ___,
    readAt: ____,
    dueAt,
    ...rest
  } = attempt;
  return {
    registrationId: id,
    ...rest,
    userId: sub,
    registeredBy: caller,
    next: { what: outlook(attempt), at: dueAt },
  };
};
