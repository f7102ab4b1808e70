/** Who did what to whom, and when. What it is narrowed down to stands in the address, which can be kept, or sent. */
import { useState } from "hono/jsx/dom";
import { answered, ask, get, type Heard, withQuery } from "../api/call.ts";
import type { Account, AuditEntry, Page } from "../api/wire.ts";
import { announce } from "../ui/announce.tsx";
import { Button, control, Empty, Field, Notice, sent, textIn } from "../ui/parts.tsx";
import { addressOfId, learn, Who } from "../ui/people.tsx";
import { shown } from "../ui/problem.tsx";
import { useReading } from "../ui/reading.ts";
import { addressOf, go } from "../ui/route.ts";
import { Time, zone } from "../ui/time.tsx";
import { ACTIONS, saidBy } from "../words.ts";
import { RoleChange } from "./timeline.tsx";

type Query = Readonly<Record<string, string>>;

const NAMES = ["actor", "subject", "action", "from", "until"] as const;

/** How long a file may take to be saved before the page lets go of it, in milliseconds. */
const LET_GO_MS = 60_000;

/** Where a day of the viewer's own zone begins, or the one after it: a day may have 23 hours, or 25. */
function beginOf(day: string | undefined, after = 0): string | undefined {
  const [year = 0, month = 1, date = Number.NaN] = (day ?? "").split("-").map(Number);
  const begin = new Date(year, month - 1, date + after);
  return Number.isNaN(begin.getTime()) ? undefined : begin.toISOString();
}

/** What the service is asked for: days of the viewer are instants, of which it leaves the last out. */
const asked = ({ actor, subject, action, from, until }: Query): Record<string, string | undefined> => ({
  actor,
  subject,
  action,
  from: beginOf(from),
  until: beginOf(until, 1),
});

export function AuditScreen({ query }: { readonly query: Query }) {
  const key = addressOf("audit", query);
  const read = (cursor?: string) =>
    get<Page<AuditEntry>>(withQuery("/api/audit", { ...asked(query), cursor, limit: 50 }));
  const first = useReading(key, () => read());
  const [more, setMore] = useState<{ readonly of: string; readonly pages: ReadonlyArray<Page<AuditEntry>> }>({
    of: key,
    pages: [],
  });
  const [busy, setBusy] = useState(false);
  const later = more.of === key ? more.pages : [];
  const entries = [first.value, ...later].flatMap((page) => page?.items ?? []);
  const next = later.length > 0 ? later.at(-1)?.next : first.value?.next;
  const readMore = async () => {
    setBusy(true);
    const heard = await read(next ?? undefined);
    setBusy(false);
    if (heard.is !== "answer") return announce("No answer came. Try again.");
    setMore({ of: key, pages: [...later, heard.body] });
    announce(`${heard.body.items.length} more lines`);
  };
  return (
    <>
      <div class="heading">
        <h1 id="heading" tabindex={-1}>
          Audit
        </h1>
        <Export query={query} />
      </div>
      <Filters key={key} query={query} />
      {shown(first, "the audit trail", () =>
        entries.length === 0 ? (
          <Empty head="No line is like that">
            <a href="#/audit">Show all lines</a>
          </Empty>
        ) : (
          <>
            <Lines entries={entries} />
            {next ? (
              <p class="pages">
                <Button busy={busy} onClick={() => void readMore()}>
                  Older lines
                </Button>
              </p>
            ) : null}
          </>
        ),
      )}
    </>
  );
}

const Lines = ({ entries }: { readonly entries: ReadonlyArray<AuditEntry> }) => (
  <section class="wide" aria-label="Lines of the audit trail">
    <table>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">Did</th>
          <th scope="col">To whom</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.id}>
            <td>
              <Time at={entry.at} />
            </td>
            <td>
              <Who id={entry.actor} />
            </td>
            <td>
              <strong>{entry.action}</strong>
              <RoleChange entry={entry} />
              {entry.denials && entry.denials.count > 1 ? (
                <span class="quiet"> {entry.denials.count} times in an hour</span>
              ) : null}
            </td>
            <td>
              <Who id={entry.subject} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** The id of somebody who is named by address or id; undefined where nobody has the address. */
async function idOf(text: string): Promise<Heard<string>> {
  if (text === "" || isId(text)) return answered(text);
  const heard = await get<Account>(`/api/users?${new URLSearchParams({ email: text })}`);
  if (heard.is !== "answer") return heard;
  learn([heard.body]);
  return { ...heard, body: heard.body.id };
}

function Filters({ query }: { readonly query: Query }) {
  const [wrong, setWrong] = useState<Query>({});
  const apply = async (event: Event) => {
    const form = sent(event);
    const given = Object.fromEntries(NAMES.map((name) => [name, textIn(form, name)])) as Record<
      (typeof NAMES)[number],
      string
    >;
    const problems: Record<string, string> = {};
    for (const name of ["actor", "subject"] as const) {
      const heard = await idOf(given[name]);
      if (heard.is === "answer") given[name] = heard.body;
      else if (heard.is === "silence") problems[name] = "No answer came.";
      else
        problems[name] =
          heard.problem.code === "user_not_found"
            ? "Nobody has this address. An id goes as well."
            : saidBy(heard.problem);
    }
    setWrong(problems);
    if (Object.keys(problems).length === 0) go(addressOf("audit", given));
  };
  const any = NAMES.some((name) => query[name]);
  return (
    <search>
      <form class="filters" onSubmit={(event: Event) => void apply(event)} novalidate>
        {(["actor", "subject"] as const).map((name) => (
          <Field
            key={name}
            name={name}
            label={name === "actor" ? "Who (address or id)" : "To whom (address or id)"}
            wrong={wrong[name]}
          >
            <input
              type="text"
              value={addressOfId(query[name] ?? "") ?? query[name] ?? ""}
              {...control(name, false, wrong[name])}
            />
          </Field>
        ))}
        <Field name="action" label="Did">
          <select {...control("action", false, undefined)}>
            <option value="">Anything</option>
            {ACTIONS.map((action) => (
              <option key={action} value={action} selected={action === query.action}>
                {action}
              </option>
            ))}
          </select>
        </Field>
        <Field name="from" label="From">
          <input type="date" value={query.from ?? ""} {...control("from", false, undefined)} />
        </Field>
        <Field name="until" label="To (included)">
          <input type="date" value={query.until ?? ""} {...control("until", false, undefined)} />
        </Field>
        <div class="row">
          <button type="submit">Show</button>
          {any ? <a href="#/audit">Show all</a> : null}
        </div>
        <p class="hint">Days are those of {zone}. The address of this page keeps what you chose.</p>
      </form>
    </search>
  );
}

/** Everything that matches, as a file. A file that breaks off is not handed out. */
function Export({ query }: { readonly query: Query }) {
  const [state, setState] = useState<"idle" | "busy" | "broken">("idle");
  const save = async () => {
    setState("busy");
    const answer = await ask("GET", withQuery("/api/audit", { ...asked(query), format: "csv" }), {});
    const text = answer?.ok ? await answer.blob().catch(() => undefined) : undefined;
    if (text === undefined) return setState("broken");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(text);
    link.download = `audit-${new Date().toISOString().slice(0, 10)}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), LET_GO_MS);
    setState("idle");
    announce("The file is saved. Its times are in UTC.");
  };
  return (
    <>
      <Button busy={state === "busy"} onClick={() => void save()}>
        Export for a spreadsheet
      </Button>
      {state === "broken" ? (
        <Notice certainty="failed" head="No file was saved">
          <p>The export broke off, and a part of it would be taken for the whole. Try again.</p>
        </Notice>
      ) : null}
    </>
  );
}
