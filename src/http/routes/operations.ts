/**
 * The ledger for operators: what became of a registration, which ones are open, and one more try now.
 * All of it needs CAN_MANAGE_USERS.
 */
import { Effect, Option, Schema } from "effect";
import { nextStep } from "../../domain/next-step.ts";
import { ChangeState, type Operation, State } from "../../domain/operation.ts";
import { violation } from "../../domain/user.ts";
import { Actor, Ledger } from "../../ports/ledger.ts";
import { LeaveUser } from "../../programs/sweep/resolve.ts";
import { resolveOne } from "../../programs/sweep/sweep.ts";
import { OperationNotFound } from "../errors.ts";
import type { AppContext, Handlers } from "../handler.ts";
import { requireManager, databaseUnavailable as unavailable } from "../manager.ts";
import { CursorParameter, limitUpTo, parseCursor, writeCursor } from "../query.ts";
import { decode, readBody } from "../validation.ts";

const PAGE_SIZE = { default: 50, max: 200 };

/** `GET /api/operations/{id}`: the registration, its history, and what happens next. */
export const getOperation = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      return Response.json(view(yield* findRegistration(c)));
    }),
  );

const ResolveBody = Schema.Struct({ leave: Schema.optionalKey(Schema.Boolean) });

/**
 * `POST /api/operations/{id}/resolve`: tries to settle it now, as far as the law allows. `{ "leave": true }`, for a
 * pool without tags: the user at the address is somebody else's, close the registration and leave him alone.
 */
export const resolveOperation = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      const hasBody = c.req.header("Content-Type") !== undefined;
      const { leave = false } = hasBody ? yield* readBody(ResolveBody, c.req) : {};
      const resolution = yield* resolveOne(yield* findRegistration(c)).pipe(
        Effect.provideService(Actor, "operator"),
        Effect.provideService(LeaveUser, leave),
      );
      return Response.json({ resolution, registration: view(yield* findRegistration(c)) });
    }),
  );

/** `GET /api/operations?state=…&needsOperator=true&limit=50&cursor=…`: newest first. */
export const listOperations = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      const query = yield* decode(ListParameters, c.req.query(), ["query"]);
      const ledger = yield* Ledger;
      const page = yield* ledger
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

const AnyState = Schema.Literals([...State.literals, ...ChangeState.literals]);

const ListParameters = Schema.Struct({
  state: Schema.optionalKey(AnyState.annotate(oneOf(AnyState.literals))),
  needsOperator: Schema.optionalKey(Schema.Literals(["true", "false"]).annotate(oneOf(["true", "false"]))),
  limit: limitUpTo(PAGE_SIZE.max),
  cursor: CursorParameter,
});

const PathId = Schema.String.check(
  Schema.isUUID(undefined, violation("uuid_parsing", "Input should be a valid UUID")),
).pipe(Schema.brand("OperationId"));

const findRegistration = Effect.fnUntraced(function* (c: AppContext) {
  const ledger = yield* Ledger;
  const id = yield* decode(PathId, c.req.param("id"), ["path", "registration_id"]);
  const found = yield* ledger.find(id).pipe(Effect.mapError(unavailable));
  return yield* Option.match(found, {
    onNone: () => new OperationNotFound(),
    onSome: (registration) => Effect.succeed(registration),
  });
});

/** A row of the ledger as an operator reads it. */
const view = (operation: Operation) => ({
  operationId: operation.id,
  kind: operation.kind,
  state: operation.state,
  email: operation.email,
  roles: operation.roles,
  userId: operation.sub,
  registeredBy: operation.caller,
  verdict: operation.verdict,
  startedAt: operation.startedAt,
  closedAt: operation.closedAt,
  acknowledgedAt: operation.acknowledgedAt,
  missingSince: operation.missingSince,
  graceUntil: operation.graceUntil,
  tries: operation.tries,
  needsOperator: operation.needsOperator,
  lastError: operation.lastError,
  history: operation.history,
  next: { what: nextStep(operation), at: operation.dueAt },
});
