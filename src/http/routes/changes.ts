/** The users who exist, to change: roles, disabling, deleting, inviting again, resetting the second factor. */
import { Effect, Option, Schema, SchemaTransformation } from "effect";
import { InvitationNotNeeded, UserNotFound } from "../../domain/errors.ts";
import type { ChangeKind } from "../../domain/operation.ts";
import { RegistrationBody, type UserId, violation } from "../../domain/user.ts";
import { Changes } from "../../ports/changes.ts";
import { onceMore } from "../../ports/database.ts";
import { Directory } from "../../ports/directory.ts";
import { run } from "../../programs/change.ts";
import { setRoles } from "../../programs/roles.ts";
import { forgetMfa } from "../authenticate.ts";
import type { AppContext, Handlers } from "../handler.ts";
import { newId, pathUser, providerUnavailable, requireManager } from "../manager.ts";
import { readBody } from "../validation.ts";

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
      yield* runChange(handlers, c, "remove", yield* pathUser(c));
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
      const { tag } = yield* existing(subject, kind);
      yield* runChange(handlers, c, kind, subject, tag);
      return Response.json({ disabled });
    }),
  );

/** `POST /api/users/{user_id}/mfa/reset`: switches the second factor off and signs the user out. */
export const resetMfa = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      const subject = yield* pathUser(c);
      yield* requireManager(c, "manage users", subject);
      const { tag } = yield* existing(subject, "reset_mfa");
      yield* Effect.ensuring(
        runChange(handlers, c, "reset_mfa", subject, tag),
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
      const { enabled, status, tag } = yield* existing(subject, "invite");
      if (!enabled) return yield* new InvitationNotNeeded({ status: "DISABLED" });
      if (status !== "FORCE_CHANGE_PASSWORD") return yield* new InvitationNotNeeded({ status });
      yield* runChange(handlers, c, "invite", subject, tag);
      return Response.json({ invitation: "sent" });
    }),
  );

const existing = Effect.fnUntraced(function* (subject: UserId, kind: ChangeKind) {
  const directory = yield* Directory;
  const profile = yield* directory.profile(subject).pipe(Effect.mapError(providerUnavailable));
  if (Option.isNone(profile)) return yield* new UserNotFound({ key: subject, kind });
  return profile.value;
});

/** Does the change; its row is finished behind the answer, by us or by the sweeper. */
const runChange = Effect.fnUntraced(function* (
  handlers: Handlers,
  c: AppContext,
  kind: ChangeKind,
  subject: UserId,
  tag: string | null = null,
) {
  const changes = yield* Changes;
  const change = yield* run({ id: newId(), kind, caller: c.get("caller").sub, subject, tag });
  handlers.inBackground(c, Effect.retry(changes.finish(change.id), onceMore));
});
