/**
 * What a user is to Registrar: an address, roles, and the identifiers that Cognito and Postgres know them by.
 *
 * The address grammar is deliberately narrower than RFC 5322: a plain dot-atom local part, a host name in its
 * A-label form. Nothing that passes can open a header, a filter expression or a display name.
 */
import * as Schema from "effect/Schema";
import * as SchemaTransformation from "effect/SchemaTransformation";
import { REASONS } from "./address.ts";

// With the flag `u`, without which a pattern has no place in a JSON Schema.
const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/u;

/** The annotation that carries FLIP's name for a validation failure (pydantic's `type`). */
export const violation = (type: string, msg: string) => ({ violation: { type, msg }, message: msg });

const uuid = Schema.String.annotate({
  ...violation("uuid_type", "UUID input should be a string"),
  format: "uuid",
}).check(
  Schema.isPattern(
    UUID,
    violation("uuid_parsing", "Input should be a valid UUID in its 36-character hyphenated form"),
  ),
);

const lowerCaseUuid = uuid.pipe(Schema.decode(SchemaTransformation.toLowerCase()));

/** A Cognito `sub`: the pool's immutable identifier of a user. */
export const UserId = lowerCaseUuid.pipe(Schema.brand("UserId"));
export type UserId = typeof UserId.Type;

/** Whether a key of a user is their id, and not an address. */
export const isUserId = (key: string): key is UserId => UUID.test(key);

/** The id of a row in FLIP's `roles` table. */
export const RoleId = lowerCaseUuid.pipe(Schema.brand("RoleId"));
export type RoleId = typeof RoleId.Type;

const ATOM = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const ADDRESS = new RegExp(`^(?=.{1,64}@)${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.)+(?!\\d+$)${LABEL}$`);

/** Cognito refuses a longer user name. */
const EMAIL_LENGTH_MAX = 128;

const invalid = (reason: string) => violation("value_error", `value is not a valid email address: ${reason}`);

/** One check a reason: the first that an address does not pass is said, and no other. */
const reasons = REASONS.map(([reason, isSo]) =>
  Schema.makeFilter((address: string) => !isSo(address), invalid(reason)).abort(),
);

/** An e-mail address: trimmed, lower-cased as a whole, at most 128 characters. */
export const Email = Schema.String.annotate({
  ...violation("string_type", "Input should be a valid string"),
  format: "email",
  description: `A plain address of at most ${EMAIL_LENGTH_MAX} characters. It is trimmed and lower-cased.`,
  examples: ["ada@example.org"],
}).pipe(
  Schema.decode(SchemaTransformation.trim()),
  Schema.decode(SchemaTransformation.toLowerCase()),
  Schema.check(
    Schema.isMaxLength(EMAIL_LENGTH_MAX, invalid(`it is longer than ${EMAIL_LENGTH_MAX} characters`)).abort(),
    ...reasons,
    Schema.isPattern(
      ADDRESS,
      invalid("it must be a plain address (local@domain), the domain in its ASCII (A-label) form"),
    ),
  ),
  Schema.brand("Email"),
);
export type Email = typeof Email.Type;

/** The longest name, in characters (Unicode code points). */
const NAME_LENGTH_MAX = 255;

// Control characters, line and paragraph separators, what overrides the direction of text, and half a surrogate pair:
// none has a place in a name, and each can make a list show something else than it holds.
const PLAIN_TEXT = /^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+$/u;

/** Text that can be shown as it is, of 1 to so many characters. `what` is its name in an answer. */
const plainText = (what: string, lengthMax: number, documentation: { readonly examples?: [string] } = {}) =>
  Schema.String.annotate({
    ...violation("string_type", "Input should be a valid string"),
    description: `1 to ${lengthMax} characters, without control characters and without direction overrides.`,
    ...documentation,
  }).check(
    Schema.isMinCodePoints(
      1,
      violation("string_too_short", "String should have at least 1 character"),
    ).abort(),
    Schema.isMaxCodePoints(
      lengthMax,
      violation("string_too_long", `String should have at most ${lengthMax} characters`),
    ).abort(),
    Schema.isPattern(
      PLAIN_TEXT,
      violation(
        "value_error",
        `${what} must not be blank, nor hold control characters or characters that override the direction of text`,
      ),
    ),
  );

/** What a user is called: 1 to 255 characters that can be shown as they are. */
export const Name = plainText("name", NAME_LENGTH_MAX, { examples: ["Ada Lovelace"] });
export type Name = typeof Name.Type;

/** Where a user works: 1 to 255 characters that can be shown as they are. */
export const Organisation = plainText("organisation", NAME_LENGTH_MAX, { examples: ["Analytical Engines"] });
export type Organisation = typeof Organisation.Type;

/** A user's profile, or a part of one, as FLIP keeps it: null is not said. */
export interface ProfileFields {
  readonly name: Name | null;
  readonly organisation: Organisation | null;
}

/** The longest note, in characters (Unicode code points). */
const NOTE_LENGTH_MAX = 200;

/** An operator's own words: 1 to 200 characters that can be shown as they are. */
export const Note = plainText("note", NOTE_LENGTH_MAX);

/** Which entity tags a user may have for a change to be made: one of these, or `*`, any. */
export type IfMatch = "*" | ReadonlyArray<string>;

/** How many roles one request may name. */
export const ROLES_MAX = 100;

const AtOneTrust = Schema.optionalKey(
  Schema.Null.annotate({
    ...violation("none_required", "Input should be null: FLIP alone grants a role for one trust"),
    description: "Null, or left out: roles of one trust are FLIP's to grant.",
  }),
);

/**
 * FLIP's field for a role of one trust alone, under both names that FLIP takes. Unread, it would make that role a global
 * one.
 */
export const atNoTrust = { trustId: AtOneTrust, trust_id: AtOneTrust };

/** The body of both registration endpoints. Properties it does not name are ignored, as FLIP does. */
export const RegistrationBody = Schema.Struct({
  roles: Schema.Array(RoleId)
    .annotate(violation("list_type", "Input should be a valid list"))
    .check(
      Schema.isMaxLength(ROLES_MAX, violation("too_long", `List should have at most ${ROLES_MAX} items`)),
    ),
  email: Email,
  name: Schema.optionalKey(Name),
  organisation: Schema.optionalKey(Organisation),
  ...atNoTrust,
});
export type RegistrationBody = typeof RegistrationBody.Type;
