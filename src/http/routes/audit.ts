/**
 * Who did what to whom and when, newest first: for people page by page (JSON), for archives whole (NDJSON or CSV, by
 * `format` or by `Accept`).
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { AuditAction } from "../../domain/audit.ts";
import { UserId, violation } from "../../domain/user.ts";
import type { AuditEntry, AuditQuery, PastRole } from "../../ports/audit-trail.ts";
import { auditPage, readAudit } from "../../programs/audit.ts";
import { CursorParameter, inUtc, limitUpTo, Period, parseCursor, writeCursor } from "../query.ts";
import { type Pages, route } from "../route.ts";
import { Next, Timestamp, Uuid } from "../wire.ts";

const PAGE_SIZE = { default: 50, max: 500 };

/** The actions of the trail. FLIP may write others. */
const WORDS = Object.values(AuditAction)
  .map((word) => `“${word}”`)
  .join(", ");

const Format = Schema.Literals(["json", "ndjson", "csv"]);

const Query = Schema.Struct({
  actor: Schema.optionalKey(UserId),
  subject: Schema.optionalKey(UserId),
  action: Schema.optionalKey(
    Schema.String.annotate({ description: `The whole word. Registrar writes: ${WORDS}.` }).check(
      Schema.makeFilter(
        (text: string) => !text.includes("\0"),
        violation("value_error", "Input should be text without NUL"),
      ),
    ),
  ),
  ...Period,
  format: Schema.optionalKey(
    Format.annotate(violation("literal_error", "Input should be one of: json, ndjson, csv")),
  ),
  limit: limitUpTo(PAGE_SIZE.max),
  cursor: CursorParameter,
});

const PastRoleView = Schema.Struct({
  id: Uuid,
  rolename: Schema.NullOr(Schema.String).annotate({
    description: "As the role is called now; null where there is no such role any more.",
  }),
}).annotate({ identifier: "PastRole" });

const Entry = Schema.Struct({
  id: Uuid,
  action: Schema.String,
  subject: Uuid,
  actor: Uuid,
  at: Timestamp,
  roles: Schema.NullOr(
    Schema.Struct({ before: Schema.Array(PastRoleView), after: Schema.Array(PastRoleView) }),
  ).annotate({
    description: "All roles of the subject before and after; null where the row tells of no change of roles.",
  }),
  denials: Schema.NullOr(Schema.Struct({ count: Schema.Int, first: Timestamp, last: Timestamp })).annotate({
    description:
      "How often the actor was denied this in the hour, from when to when; null where the row tells of no denial.",
  }),
}).annotate({ identifier: "AuditEntry" });

/** An instant as a spreadsheet reads times: to the second, without a zone. */
const inSheet = (at: string) => at.slice(0, 19).replace("T", " ");

const inWords = (roles: ReadonlyArray<PastRole> = []) =>
  roles.map(({ id, rolename }) => rolename ?? id).join("; ");

/** The columns of the CSV. A cell without a value is empty. */
const COLUMNS: ReadonlyArray<{
  readonly head: string;
  readonly of: (entry: AuditEntry) => string | null;
}> = [
  { head: "at (UTC)", of: ({ at }) => inSheet(at) },
  { head: "actor", of: ({ actor }) => actor },
  { head: "actor email", of: ({ actorEmail }) => actorEmail },
  { head: "action", of: ({ action }) => action },
  { head: "subject", of: ({ subject }) => subject },
  { head: "subject email", of: ({ subjectEmail }) => subjectEmail },
  { head: "roles before", of: ({ roles }) => inWords(roles?.before) },
  { head: "roles after", of: ({ roles }) => inWords(roles?.after) },
  { head: "denials", of: ({ denials }) => denials && String(denials.count) },
  { head: "first denial (UTC)", of: ({ denials }) => denials && inSheet(denials.first) },
  { head: "last denial (UTC)", of: ({ denials }) => denials && inSheet(denials.last) },
  { head: "id", of: ({ id }) => id },
];

/** An entry as JSON has it. Addresses are for the reader of a table, who has nobody to ask. */
const view = ({ id, action, subject, actor, at, roles, denials }: AuditEntry): typeof Entry.Encoded => ({
  id,
  action,
  subject,
  actor,
  at,
  roles,
  denials,
});

/** The audit trail: one page as JSON, or all that matches as NDJSON or CSV. */
export const getAudit = route(
  {
    id: "getAudit",
    method: "GET",
    path: "/api/audit",
    area: "Audit",
    summary: "Reads the audit trail, newest first",
    details:
      "JSON comes page by page. NDJSON and CSV, chosen by `format` or by the Accept header, hold all that matches; a body that breaks off is not whole.",
    needs: "CAN_MANAGE_USERS",
    query: Query,
    answers: {
      200: {
        means: "The rows that match.",
        body: Schema.Struct({ items: Schema.Array(Entry), next: Next }).annotate({ identifier: "AuditPage" }),
        also: {
          "text/csv": `A header line and one line a row (RFC 4180): ${COLUMNS.map(({ head }) => head).join(", ")}.`,
          "application/x-ndjson": "One AuditEntry a line.",
        },
      },
    },
    fails: ["Forbidden", "DatabaseRefused", ["Unavailable", "database_unavailable"]],
  },
  Effect.fnUntraced(function* ({ caller, query: asked, accept }) {
    const format = asked.format ?? accepted(accept);
    const query: AuditQuery = {
      actor: asked.actor ?? null,
      subject: asked.subject ?? null,
      action: asked.action ?? null,
      from: asked.from === undefined ? null : inUtc(asked.from),
      until: asked.until === undefined ? null : inUtc(asked.until),
      cursor: parseCursor(asked.cursor),
      limit: format === "json" ? Number(asked.limit ?? PAGE_SIZE.default) : PAGE_SIZE.max,
    };
    const first = yield* readAudit(caller.sub, query);
    if (format === "json") {
      return {
        status: 200 as const,
        body: { items: first.entries.map(view), next: writeCursor(first.next) },
      };
    }
    const { headers = {}, ...written } = EXPORTS[format];
    const rest = (cursor: AuditQuery["cursor"]) => auditPage({ ...query, cursor });
    return { status: 200 as const, pages: { ...written, first, rest } as Pages, headers };
  }),
);

const accepted = (accept: string): typeof Format.Type => {
  if (accept.includes("text/csv")) return "csv";
  return accept.includes("application/x-ndjson") ? "ndjson" : "json";
};

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

// RFC 4180; every value is quoted, so that a comma or a quote in an action cannot shift a column. An apostrophe keeps a
// spreadsheet from reading text as a formula.
const cell = (value: string) => `"${FORMULA.test(value) ? "'" : ""}${value.replaceAll('"', '""')}"`;

const toCsv = (entry: AuditEntry) => `${COLUMNS.map(({ of }) => cell(of(entry) ?? "")).join(",")}\r\n`;

const EXPORTS = {
  csv: {
    type: "text/csv; charset=utf-8",
    headers: { "Content-Disposition": 'attachment; filename="audit.csv"' },
    head: `${COLUMNS.map(({ head }) => head).join(",")}\r\n`,
    write: toCsv,
  },
  ndjson: {
    type: "application/x-ndjson",
    headers: {},
    head: "",
    write: (entry: AuditEntry) => `${JSON.stringify(view(entry))}\n`,
  },
};
