/**
 * `GET /api/audit`: who did what to whom and when, newest first; for people page by page (JSON), for archives whole
 * (NDJSON or CSV, by `format` or by `Accept`).
 */
import { Effect, Schema } from "effect";
import { UserId, violation } from "../../domain/user.ts";
import { type AuditEntry, type AuditQuery, AuditTrail } from "../../ports/audit-trail.ts";
import type { AppContext, Handlers } from "../handler.ts";
import { databaseUnavailable, requireManager } from "../manager.ts";
import { CursorParameter, Instant, inUtc, limitUpTo, parseCursor, writeCursor } from "../query.ts";
import { decode } from "../validation.ts";

const PAGE_SIZE = { default: 50, max: 500 };

const Format = Schema.Literals(["json", "ndjson", "csv"]);

const Parameters = Schema.Struct({
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

/** The audit trail: one page as JSON, or all that matches as NDJSON or CSV. */
export const getAudit = (handlers: Handlers) =>
  handlers.handle((c) =>
    Effect.gen(function* () {
      yield* requireManager(c);
      const parameters = yield* decode(Parameters, c.req.query(), ["query"]);
      const format = parameters.format ?? accepted(c);
      const query: AuditQuery = {
        actor: parameters.actor ?? null,
        subject: parameters.subject ?? null,
        action: parameters.action ?? null,
        from: parameters.from === undefined ? null : inUtc(parameters.from),
        until: parameters.until === undefined ? null : inUtc(parameters.until),
        cursor: parseCursor(parameters.cursor),
        limit: format === "json" ? Number(parameters.limit ?? PAGE_SIZE.default) : PAGE_SIZE.max,
      };
      const { entries, next } = yield* page(query);
      if (format === "json") return Response.json({ items: entries, next: writeCursor(next) });

      const write = format === "csv" ? toCsv : toNdjson;
      const head = format === "csv" ? "at,actor,action,subject,id\r\n" : "";
      const rest = (cursor: AuditQuery["cursor"]) => page({ ...query, cursor });
      const body = handlers.stream(c, { first: { entries, next }, rest, head, write });
      return new Response(body, { headers: HEADERS[format] });
    }),
  );

const HEADERS = {
  csv: {
    "Content-Type": "text/csv; charset=utf-8",
    "Content-Disposition": 'attachment; filename="audit.csv"',
  },
  ndjson: { "Content-Type": "application/x-ndjson" },
};

const page = Effect.fnUntraced(function* (query: AuditQuery) {
  const trail = yield* AuditTrail;
  return yield* trail.page(query).pipe(Effect.mapError(databaseUnavailable));
});

const accepted = (c: AppContext): typeof Format.Type => {
  const accept = c.req.header("Accept") ?? "";
  if (accept.includes("text/csv")) return "csv";
  return accept.includes("application/x-ndjson") ? "ndjson" : "json";
};

const toNdjson = (entry: AuditEntry) => `${JSON.stringify(entry)}\n`;

// RFC 4180; every value is quoted, so that a comma or a quote in an action cannot shift a column.
const toCsv = ({ at, actor, action, subject, id }: AuditEntry) =>
  `${[at, actor, action, subject, id].map((value) => `"${value.replaceAll('"', '""')}"`).join(",")}\r\n`;
