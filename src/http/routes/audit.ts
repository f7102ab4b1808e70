/**
 * Who did what to whom and when, newest first: for people page by page (JSON), for archives whole (NDJSON or CSV, by
 * `format` or by `Accept`).
 */
import { Effect, Schema } from "effect";
import { UserId, violation } from "../../domain/user.ts";
import type { AuditEntry, AuditQuery } from "../../ports/audit-trail.ts";
import { auditPage, readAudit } from "../../programs/audit.ts";
import { CursorParameter, Instant, inUtc, limitUpTo, parseCursor, writeCursor } from "../query.ts";
import { type Pages, route } from "../route.ts";
import { Next, Timestamp, Uuid } from "../wire.ts";

const PAGE_SIZE = { default: 50, max: 500 };

const Format = Schema.Literals(["json", "ndjson", "csv"]);

const Query = Schema.Struct({
  actor: Schema.optionalKey(UserId),
  subject: Schema.optionalKey(UserId),
  action: Schema.optionalKey(
    Schema.String.check(
      Schema.makeFilter(
        (text: string) => !text.includes("\0"),
        violation("value_error", "Input should be text without NUL"),
      ),
    ),
  ),
  from: Schema.optionalKey(Instant),
  until: Schema.optionalKey(Instant),
  format: Schema.optionalKey(
    Format.annotate(violation("literal_error", "Input should be one of: json, ndjson, csv")),
  ),
  limit: limitUpTo(PAGE_SIZE.max),
  cursor: CursorParameter,
});

const Entry = Schema.Struct({
  id: Uuid,
  action: Schema.String,
  subject: Uuid,
  actor: Uuid,
  at: Timestamp,
}).annotate({ identifier: "AuditEntry" });

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
          "text/csv": "A header line and one line a row: at, actor, action, subject, id (RFC 4180).",
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
      return { status: 200 as const, body: { items: first.entries, next: writeCursor(first.next) } };
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

const toCsv = ({ at, actor, action, subject, id }: AuditEntry) =>
  `${[at, actor, action, subject, id].map(cell).join(",")}\r\n`;

const EXPORTS = {
  csv: {
    type: "text/csv; charset=utf-8",
    headers: { "Content-Disposition": 'attachment; filename="audit.csv"' },
    head: "at,actor,action,subject,id\r\n",
    write: toCsv,
  },
  ndjson: {
    type: "application/x-ndjson",
    headers: {},
    head: "",
    write: (entry: AuditEntry) => `${JSON.stringify(entry)}\n`,
  },
};
