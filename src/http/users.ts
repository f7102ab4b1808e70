/** The endpoints that register users. CONTRACT: FLIP's `POST /api/users/`. */
import { Effect } from "effect";
import type { Registered, RegisterUser } from "../domain/Registration.ts";
import { RegistrationId } from "../domain/Registration.ts";
import { RegistrationBody } from "../domain/User.ts";
import { register } from "../register.ts";
import { afterwards } from "../settle.ts";
import type { AppContext, Handlers } from "./handler.ts";
import { idempotencyKey } from "./idempotency.ts";
import { readBody } from "./validation.ts";

/** `POST /api/users/`: registers a user. 200 with FLIP's answer. */
export const registerUser = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const command = yield* readCommand(c, "user");
      const registered = yield* register(command);
      if (!registered.replayed) {
        handlers.inBackground(c, afterwards(registered.attempt, registered.userId));
      }
      return answer(registered);
    }),
  );

const readCommand = Effect.fnUntraced(function* (c: AppContext, kind: RegisterUser["kind"]) {
  const key = yield* idempotencyKey(c.req.header("Idempotency-Key"));
  const { email, roles } = yield* readBody(RegistrationBody, {
    contentType: c.req.header("Content-Type"),
    bytes: () => c.req.arrayBuffer(),
  });
  return {
    id: RegistrationId.make(crypto.randomUUID()),
    caller: c.get("caller").sub,
    idempotencyKey: key,
    ...{ kind, email, roles: [...new Set(roles)] },
  } satisfies RegisterUser;
});

const answer = ({ attempt, userId, replayed }: Registered): Response =>
  Response.json(
    { roles: attempt.roles, email: attempt.email, userId },
    { headers: { "Registration-Id": attempt.id, ...(replayed && { "Idempotency-Replayed": "true" }) } },
  );
