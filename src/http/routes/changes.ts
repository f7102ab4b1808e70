/** The users who exist, to change: their roles, whether they may sign in, their second factor, their invitation. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as SchemaTransformation from "effect/SchemaTransformation";
import { newOperationId } from "../../domain/operation.ts";
import {
  atNoTrust,
  type IfMatch,
  Name,
  Organisation,
  RegistrationBody,
  UserId,
  violation,
} from "../../domain/user.ts";
import type { Caller } from "../../ports/token-verifier.ts";
import * as changes from "../../programs/change.ts";
import { setProfile } from "../../programs/profile.ts";
import * as roles from "../../programs/roles.ts";
import { etagHeader } from "../if-match.ts";
import { route } from "../route.ts";
import { ETag, RoleIds } from "../wire.ts";

/** The user whom a path names by id. */
const ByUserId = Schema.Struct({ user_id: UserId });

/** Replaces the user's roles. */
export const setRoles = route(
  {
    id: "setRoles",
    method: "POST",
    path: "/api/users/{user_id}/roles",
    area: "Users",
    summary: "Replaces the user's roles",
    needs: "CAN_MANAGE_USERS",
    conditional: true,
    params: ByUserId,
    body: Schema.Struct({ roles: RegistrationBody.fields.roles, ...atNoTrust }).annotate({
      identifier: "RolesBody",
    }),
    answers: {
      200: {
        means:
          "The user has exactly these roles, and the audit row is written. They are those that were asked for, or those of a request that was sent later and was faster.",
        body: Schema.Struct({ roles: RoleIds }).annotate({ identifier: "RolesSet" }),
        headers: { ETag },
      },
    },
    fails: [
      "Forbidden",
      "PreconditionFailed",
      "UnknownRoles",
      "UserNotFound",
      "RegistrationInProgress",
      "LastManager",
      "DatabaseRefused",
      "Unavailable",
    ],
  },
  Effect.fnUntraced(function* ({ body, ...input }) {
    const command = { ...asked(input), roles: [...new Set(body.roles)] };
    const { etag, ...answer } = yield* roles.setRoles(command);
    return { status: 200 as const, body: answer, headers: etagHeader(etag) };
  }),
);

const Nothing = Schema.Struct({}).annotate({ identifier: "Nothing" });

/** Deletes the user: grants and audit row first, then the user in the pool. May be repeated. */
export const deleteUser = route(
  {
    id: "deleteUser",
    method: "DELETE",
    path: "/api/users/{user_id}",
    area: "Users",
    summary: "Deletes the user, with the grants",
    needs: "CAN_MANAGE_USERS",
    conditional: true,
    params: ByUserId,
    answers: { 200: { means: "The user is gone; also where they were gone before.", body: Nothing } },
    fails: [
      "Forbidden",
      "PreconditionFailed",
      "OwnAccount",
      "LastManager",
      "UserNotFound",
      "RegistrationInProgress",
      "OperationUndecodable",
      "ChangeRefused",
      ["ChangeTracked", "remove_tracked"],
      "DatabaseRefused",
      ["Unavailable", "database_unavailable"],
    ],
  },
  Effect.fnUntraced(function* (input) {
    yield* changes.deleteUser(asked(input));
    return { status: 200 as const, body: {} };
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

/** A part of the update that may be left out, or null, as FLIP's clients may have it. */
const maybe = <S extends Schema.Top>(schema: S, [type, msg]: readonly [string, string]) =>
  Schema.optionalKey(Schema.NullOr(schema).annotate(violation(type, msg)));

const A_STRING = ["string_type", "Input should be a valid string"] as const;

const UpdateUserBody = Schema.Struct({
  disabled: maybe(LaxBoolean, ["bool_type", "Input should be a valid boolean"]),
  name: maybe(Name, A_STRING),
  organisation: maybe(Organisation, A_STRING),
})
  .check(
    Schema.makeFilter(
      ({ disabled = null, name = null, organisation = null }) =>
        disabled !== null || name !== null || organisation !== null,
      violation("value_error", "Value error, At least one user field must be supplied"),
    ),
  )
  .annotate({ identifier: "UpdateUserBody" });

/** Disables or enables the user, and writes to their profile. */
export const updateUser = route(
  {
    id: "updateUser",
    method: "PUT",
    path: "/api/users/{user_id}",
    area: "Users",
    summary: "Disables or enables the user, and changes their name and organisation",
    details:
      "At least one field; null counts as left out. All are written down in one statement, or none; Cognito follows. Where it does not, `updated` names what was written to the profile all the same.",
    needs: "CAN_MANAGE_USERS",
    conditional: true,
    params: ByUserId,
    body: UpdateUserBody,
    answers: {
      200: {
        means: "The user is as the fields say that were sent, and the audit row is written.",
        body: Schema.Struct({
          disabled: Schema.optionalKey(Schema.Boolean),
          name: Schema.optionalKey(Schema.String),
          organisation: Schema.optionalKey(Schema.String),
        }).annotate({ identifier: "UserUpdated" }),
      },
    },
    fails: [
      "Forbidden",
      "PreconditionFailed",
      "OwnAccount",
      "LastManager",
      "Superseded",
      "ProfilesNotKept",
      "UserNotFound",
      "RegistrationInProgress",
      "OperationUndecodable",
      "ChangeRefused",
      ["ChangeTracked", "disable_tracked", "enable_tracked"],
      "DatabaseRefused",
      "Unavailable",
    ],
  },
  Effect.fnUntraced(function* ({ body: { disabled = null, name = null, organisation = null }, ...input }) {
    const profile = name === null && organisation === null ? undefined : { name, organisation };
    const request = asked(input);
    if (disabled !== null) yield* changes.setEnabled({ ...request, ...(profile && { profile }) }, !disabled);
    else if (profile !== undefined) yield* setProfile(request, profile);
    const body = {
      ...(disabled !== null && { disabled }),
      ...(name !== null && { name }),
      ...(organisation !== null && { organisation }),
    };
    return { status: 200 as const, body };
  }),
);

/** Resets the user's second factors, signs the user out, and says what is left. */
export const resetMfa = route(
  {
    id: "resetMfa",
    method: "POST",
    path: "/api/users/{user_id}/mfa/reset",
    area: "Users",
    summary: "Resets the user's second factors and signs the user out",
    needs: "CAN_MANAGE_USERS",
    conditional: true,
    params: ByUserId,
    answers: {
      200: {
        means: "The user enrols a second factor anew.",
        body: Schema.Struct({
          remaining: Schema.NullOr(Schema.Array(Schema.String)).annotate({
            description:
              "The second factors that the user still has, such as WEB_AUTHN for a passkey; null: that could not be read.",
          }),
        }).annotate({ identifier: "MfaReset" }),
      },
    },
    fails: [
      "Forbidden",
      "PreconditionFailed",
      "UserNotFound",
      "SecondFactorElsewhere",
      "RegistrationInProgress",
      "OperationUndecodable",
      "ChangeRefused",
      ["ChangeTracked", "reset_mfa_tracked"],
      "DatabaseRefused",
      "Unavailable",
    ],
  },
  Effect.fnUntraced(function* (input) {
    return { status: 200 as const, body: { remaining: yield* changes.resetMfa(asked(input)) } };
  }),
);

/** Sends the invitation again, while the user has not signed in. */
export const inviteAgain = route(
  {
    id: "inviteAgain",
    method: "POST",
    path: "/api/users/{user_id}/invitation",
    area: "Users",
    summary: "Sends the invitation again, while the user has not signed in",
    needs: "CAN_MANAGE_USERS",
    conditional: true,
    params: ByUserId,
    answers: {
      200: {
        means: "Cognito has accepted the invitation for delivery.",
        body: Schema.Struct({ invitation: Schema.Literal("sent") }).annotate({
          identifier: "InvitationSent",
        }),
      },
    },
    fails: [
      "Forbidden",
      "PreconditionFailed",
      "UserNotFound",
      "InvitationNotNeeded",
      "RegistrationInProgress",
      "OperationUndecodable",
      "ChangeRefused",
      ["ChangeTracked", "invite_tracked"],
      "DatabaseRefused",
      "Unavailable",
    ],
  },
  Effect.fnUntraced(function* (input) {
    yield* changes.inviteAgain(asked(input));
    return { status: 200 as const, body: { invitation: "sent" as const } };
  }),
);

const asked = ({
  caller,
  params,
  ifMatch,
}: {
  readonly caller: Caller;
  readonly params: { readonly user_id: UserId };
  readonly ifMatch: { readonly ifMatch?: IfMatch };
}) => ({
  ...ifMatch,
  id: newOperationId(),
  caller: caller.sub,
  subject: params.user_id,
});
