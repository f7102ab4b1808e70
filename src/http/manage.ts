/** The users who exist, to change: roles, disabling, deleting, inviting again, resetting the second factor. */
import { Effect, Option, Schema, SchemaTransformation } from "effect";
import { InvitationNotNeeded, UserNotFound } from "../domain/errors.ts";
import type { ErrandKind } from "../domain/Registration.ts";
import { RegistrationBody, type UserId, violation } from "../domain/User.ts";
import { run } from "../errand.ts";
import { setRoles } from "../roles.ts";
import { onceMore } from "../services/Database.ts";
import { Directory } from "../services/Directory.ts";
import { Errands } from "../services/Errands.ts";
import { forgetMfa } from "./authenticate.ts";
import type { AppContext, Handlers } from "./handler.ts";
import { newId, pathUser, providerUnavailable, requireManager } from "./manager.ts";
import { readBody } from "./validation.ts";

const RolesBody = Schema.Struct({ roles: RegistrationBody.fields.roles });

/** `POST /api/users/{user_id}/roles`: replaces the user's roles. */
export const postRoles = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const subject = yield* pathUser(c);
      const body = yield* readBody(RolesBody, c.req);
      yield* requireManager(c, "update roles", subject);
      const roles = [...new Set(body.roles)];
      const caller = c.get("caller").sub;
      return Response.json({ roles: yield* setRoles({ id: newId(), caller, subject, roles }) });
    }),
  );

/** `DELETE /api/users/{user_id}`: grants and audit first, then Cognito; may be repeated. */
export const deleteUser = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* runErrand(handlers, c, "remove", yield* pathUser(c));
      return Response.json({});
    }),
  );

/** What FLIP (pydantic, lax) takes for a truth value. */
const TRUE = ["true", "1", "yes", "y", "on", "t"];
const FALSE = ["false", "0", "no", "n", "off", "f"];

const LaxBoolean = Schema.Union([Schema.Boolean, Schema.Number, Schema.String])
  .annotate(violation("bool_type", "Input should be a valid boolean"))
  .check(
    Schema.makeFilter(
      (value: unknown) => [...TRUE, ...FALSE].includes(String(value).toLowerCase()),
      violation("bool_parsing", "Input should be a valid boolean, unable to interpret input"),
    ),
  )
  .pipe(
    Schema.decodeTo(
      Schema.Boolean,
      SchemaTransformation.transform({
        decode: (value) => TRUE.includes(String(value).toLowerCase()),
        encode: (value) => value,
      }),
    ),
  );

const DisabledBody = Schema.Struct({ disabled: LaxBoolean });

/** `PUT /api/users/{user_id}`: disables or enables the user. */
export const putUser = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const subject = yield* pathUser(c);
      const { disabled } = yield* readBody(DisabledBody, c.req);
      const kind = disabled ? "disable" : "enable";
      yield* requireManager(c, "manage users", subject);
      const { mark } = yield* existing(subject, kind);
      yield* runErrand(handlers, c, kind, subject, mark);
      return Response.json({ disabled });
    }),
  );

/** `POST /api/users/{user_id}/mfa/reset`: switches the second factor off and signs the user out. */
export const resetMfa = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const subject = yield* pathUser(c);
      yield* requireManager(c, "manage users", subject);
      const { mark } = yield* existing(subject, "reset_mfa");
      yield* Effect.ensuring(
        runErrand(handlers, c, "reset_mfa", subject, mark),
        Effect.sync(() => forgetMfa(subject)),
      );
      return Response.json({});
    }),
  );

/** `POST /api/users/{user_id}/invitation`: sends the invitation again, while the user has not signed in. */
export const inviteAgain = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const subject = yield* pathUser(c);
      yield* requireManager(c, "manage users", subject);
      const { enabled, status, mark } = yield* existing(subject, "invite");
      if (!enabled) return yield* new InvitationNotNeeded({ status: "DISABLED" });
      if (status !== "FORCE_CHANGE_PASSWORD") return yield* new InvitationNotNeeded({ status });
      yield* runErrand(handlers, c, "invite", subject, mark);
      return Response.json({ invitation: "sent" });
    }),
  );

const existing = Effect.fnUntraced(function* (subject: UserId, kind: ErrandKind) {
  const directory = yield* Directory;
  const profile = yield* directory.profile(subject).pipe(Effect.mapError(providerUnavailable));
  if (Option.isNone(profile)) return yield* new UserNotFound({ key: subject, kind });
  return profile.value;
});

/** Does the errand; its row is finished behind the answer, by us or by the sweeper. */
const runErrand = Effect.fnUntraced(function* (
  handlers: Handlers,
  c: AppContext,
  kind: ErrandKind,
  subject: UserId,
  mark: string | null = null,
) {
  const errands = yield* Errands;
  const errand = yield* run({ id: newId(), kind, caller: c.get("caller").sub, subject, mark });
  handlers.inBackground(c, Effect.retry(errands.finish(errand.id), onceMore));
});
