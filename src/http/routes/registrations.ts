/** How users are registered: FLIP's `POST /api/users/`, and `POST /api/step/users`, which grants the roles as well. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import {
  newOperationId,
  type Registered,
  type RegisterUser,
  type Registration,
} from "../../domain/operation.ts";
import { RegistrationBody } from "../../domain/user.ts";
import type { Caller } from "../../ports/token-verifier.ts";
import { registerUser as register } from "../../programs/register/register.ts";
import { route } from "../route.ts";
import { Address, RoleIds, Uuid } from "../wire.ts";

const Body = RegistrationBody.annotate({ identifier: "RegistrationBody" });

const headers = {
  "Operation-Id": Uuid,
  "Idempotency-Replayed": Schema.Literal("true").annotate({
    description: "The answer was stored by an earlier request with the same Idempotency-Key.",
  }),
};

/** What the request gave of the profile; absent where it gave none, as in FLIP's answers of May 2026. */
const given = { name: Schema.optionalKey(Schema.String), organisation: Schema.optionalKey(Schema.String) };

const givenBy = ({ name, organisation }: Registration) => ({
  ...(name !== null && { name }),
  ...(organisation !== null && { organisation }),
});

const FAILS = [
  "Forbidden",
  "UnknownRoles",
  "UserExists",
  "RegistrationInProgress",
  "OperationUndecodable",
  "UserLost",
  "IdempotencyKeyReused",
  "CreateRefused",
  "RegistrationRolledBack",
  "CleanupRequired",
  "DatabaseRefused",
  "Unavailable",
] as const;

/** Registers a user. The roles are checked and echoed; FLIP's clients grant them with a second request. */
export const registerUser = route(
  {
    id: "registerUser",
    method: "POST",
    path: "/api/users",
    area: "Registration",
    summary: "Registers a user in the pool and in the database, or leaves nothing behind",
    details:
      "The roles are checked and echoed, not granted: POST /api/step/users grants them in the same commit.",
    needs: "CAN_MANAGE_USERS",
    idempotent: true,
    body: Body,
    answers: {
      200: {
        means: "The user is registered, and the audit row is written.",
        body: Schema.Struct({ roles: RoleIds, email: Address, userId: Uuid, ...given }).annotate({
          identifier: "RegisteredUser",
        }),
        headers,
      },
    },
    fails: FAILS,
  },
  Effect.fnUntraced(function* (input) {
    const registered = yield* register(commandOf("register", input));
    const { roles, email } = registered.registration;
    const body = { roles, email, userId: registered.userId, ...givenBy(registered.registration) };
    return { status: 200 as const, body, headers: headersOf(registered) };
  }),
);

/**
 * Registers a user and grants the roles, in one commit: a registered user without the roles cannot exist. FLIP looks
 * the user up between the two; there is nothing to look up here, because this request created them.
 */
export const registerUserWithRoles = route(
  {
    id: "registerUserWithRoles",
    method: "POST",
    path: "/api/step/users",
    area: "Registration",
    summary: "Registers a user and grants the roles, in one commit, or leaves nothing behind",
    needs: "CAN_MANAGE_USERS",
    idempotent: true,
    body: Body,
    answers: {
      201: {
        means: "The user is registered, the roles are granted, and the audit row is written.",
        body: Schema.Struct({
          user_id: Uuid,
          userId: Uuid,
          email: Address,
          roles: RoleIds,
          ...given,
        }).annotate({ identifier: "RegisteredUserWithRoles" }),
        headers,
      },
    },
    fails: FAILS,
  },
  Effect.fnUntraced(function* (input) {
    const registered = yield* register(commandOf("register_with_roles", input));
    const { roles, email } = registered.registration;
    const ids = { user_id: registered.userId, userId: registered.userId };
    const body = { ...ids, email, roles, ...givenBy(registered.registration) };
    return { status: 201 as const, body, headers: headersOf(registered) };
  }),
);

interface Asked {
  readonly caller: Caller;
  readonly body: RegistrationBody;
  readonly idempotencyKey: string | null;
}

const commandOf = (kind: RegisterUser["kind"], { caller, body, idempotencyKey }: Asked): RegisterUser => ({
  id: newOperationId(),
  kind,
  caller: caller.sub,
  email: body.email,
  name: body.name ?? null,
  organisation: body.organisation ?? null,
  roles: [...new Set(body.roles)],
  idempotencyKey,
});

const headersOf = ({ registration, replayed }: Registered) => ({
  "Operation-Id": registration.id,
  ...(replayed && { "Idempotency-Replayed": "true" }),
});
