/** The two doors through which users are registered: FLIP's `POST /api/users/` and `POST /api/step/users`. */
import { Effect } from "effect";
import type { Registered, RegisterUser } from "../../domain/operation.ts";
import { RegistrationBody } from "../../domain/user.ts";
import { register } from "../../programs/register/register.ts";
import { finishInBackground } from "../../programs/sweep/resolve.ts";
import type { AppContext, Handlers } from "../handler.ts";
import { idempotencyKey } from "../idempotency.ts";
import { newId } from "../manager.ts";
import { readBody } from "../validation.ts";

/** `POST /api/users/`: registers a user. 200 with FLIP's answer; the roles are only echoed. */
export const registerUser = (handlers: Handlers) =>
  door(handlers, "register", ({ registration, userId }) => ({
    status: 200,
    body: { roles: registration.roles, email: registration.email, userId },
  }));

/**
 * `POST /api/step/users`: registers a user and grants the roles, in one commit: a half-registered user cannot exist.
 * 201 with FLIP's `user_id`, and `userId` as well. FLIP looks the user up between the two, and leaves him without
 * roles where that fails; there is nothing to look up here, because this request created him.
 */
export const registerUserWithRoles = (handlers: Handlers) =>
  door(handlers, "register_with_roles", ({ registration, userId }) => ({
    status: 201,
    body: { user_id: userId, userId, email: registration.email, roles: registration.roles },
  }));

type Answer = (registered: Registered) => { readonly status: number; readonly body: object };

const door = (handlers: Handlers, kind: RegisterUser["kind"], answer: Answer) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const registered = yield* register(yield* readCommand(c, kind));
      const { registration, userId, replayed } = registered;
      if (!replayed) handlers.inBackground(c, finishInBackground(registration, userId));
      const { status, body } = answer(registered);
      const headers = {
        "Operation-Id": registration.id,
        ...(replayed && { "Idempotency-Replayed": "true" }),
      };
      return Response.json(body, { status, headers });
    }),
  );

const readCommand = Effect.fnUntraced(function* (c: AppContext, kind: RegisterUser["kind"]) {
  const key = yield* idempotencyKey(c.req.header("Idempotency-Key"));
  const { email, roles } = yield* readBody(RegistrationBody, c.req);
  return {
    id: newId(),
    caller: c.get("caller").sub,
    idempotencyKey: key,
    ...{ kind, email, roles: [...new Set(roles)] },
  } satisfies RegisterUser;
});
