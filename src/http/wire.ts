/**
 * What answers are made of: the schemas of JSON that several routes share. They describe what travels; nothing is
 * decoded with them, so they hold no transformation.
 */
import * as Schema from "effect/Schema";

/** An id, in its 36-character form. */
export const Uuid = Schema.String.annotate({
  format: "uuid",
  examples: ["10b64ed0-bc90-4c01-9cc3-933c704905c1"],
});

/** An instant in UTC (RFC 3339). */
export const Timestamp = Schema.String.annotate({
  format: "date-time",
  examples: ["2026-11-23T04:00:00.000000Z"],
});

/** A plain e-mail address. */
export const Address = Schema.String.annotate({ format: "email", examples: ["ada@example.org"] });

/** A user's entity tag: it changes with their grants, and with every operation on them. */
export const ETag = Schema.String.annotate({
  description: "The user's entity tag, where the caller manages users: for If-Match.",
  examples: ['"8f14e45fceea167a5a36dedd4bea2543"'],
});

/** A role as FLIP's clients know it. */
export const Role = Schema.Struct({
  id: Uuid,
  rolename: Schema.String,
  roledescription: Schema.String,
}).annotate({ identifier: "Role" });

/** Ids of roles. */
export const RoleIds = Schema.Array(Uuid);

/** What continues a list; null where it ends. */
export const Next = Schema.NullOr(Schema.String).annotate({
  description: "The cursor of the next page; null on the last.",
});
