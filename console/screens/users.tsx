/** The users of the pool: searched, filtered by state, and a click away from everything about one of them. */
import { unknownAttempts, useAttempts } from "../api/attempts.ts";
import { answered, get, type Heard } from "../api/call.ts";
import { type Seen, withHalves } from "../api/half-done.ts";
import type { People } from "../api/wire.ts";
import { AttemptCard } from "../ui/attempt.tsx";
import { Badge, control, Empty, Field, sent, textIn } from "../ui/parts.tsx";
import { learn } from "../ui/people.tsx";
import { shown } from "../ui/problem.tsx";
import { useReading } from "../ui/reading.ts";
import { addressOf, go } from "../ui/route.ts";
import { Time } from "../ui/time.tsx";
import { STATES, type StateName, statesOf } from "../words.ts";

type Query = Readonly<Record<string, string>>;

/** How many stand on a page, and how many are looked through at the most for those in one state. */
const PAGE = 25;
const LOOKED_THROUGH = 600;

interface Found {
  readonly people: ReadonlyArray<Seen>;
  readonly total?: number | undefined;
  readonly pages?: number | undefined;
  /** Not all were looked through: where the rest begins. */
  readonly next: string | null;
}

async function readPage(query: Readonly<Record<string, string>>): Promise<Heard<Found>> {
  const heard = await get<People>(`/api/users?${new URLSearchParams(query)}`);
  if (heard.is !== "answer") return heard;
  const { data, totalRecords, totalPages, next = null } = heard.body;
  learn(data);
  const people = await withHalves(data);
  if (people.is !== "answer") return people;
  return answered({ people: people.body, total: totalRecords, pages: totalPages, next });
}

/** A numbered page; of those in one state as many as are found, because the service filters by words only. */
async function find({ search = "", state = "", page = "1", cursor }: Query): Promise<Heard<Found>> {
  if (state === "" && cursor === undefined)
    return readPage({ search, pageSize: String(PAGE), pageNumber: page });
  const people: Seen[] = [];
  let next: string | null = cursor ?? "";
  for (let seen = 0; seen < LOOKED_THROUGH && people.length < PAGE && next !== null; seen += 60) {
    const heard: Heard<Found> = await readPage({ search, pageSize: "60", cursor: next });
    if (heard.is !== "answer") return heard;
    people.push(
      ...heard.body.people.filter((one) => state === "" || statesOf(one).includes(state as StateName)),
    );
    next = heard.body.next;
  }
  return answered({ people, next });
}

export function UsersScreen({ query }: { readonly query: Query }) {
  const key = addressOf("users", query);
  const found = useReading(key, () => find(query));
  const attempts = useAttempts();
  const unknown = attempts.length > 0 ? unknownAttempts() : [];
  return (
    <>
      <div class="heading">
        <h1 id="heading" tabindex={-1}>
          Users
        </h1>
        <a class="button main" href="#/users/new">
          Register
        </a>
      </div>
      {unknown.map((attempt) => (
        <AttemptCard key={attempt.key} attempt={attempt} />
      ))}
      <Filters query={query} />
      {shown(found, "the users", (value) => (
        <List found={value} query={query} />
      ))}
    </>
  );
}

function Filters({ query }: { readonly query: Query }) {
  const apply = (event: Event) => {
    const form = sent(event);
    go(addressOf("users", { search: textIn(form, "search"), state: textIn(form, "state") }));
  };
  return (
    <search>
      <form class="filters" onSubmit={apply}>
        <Field name="search" label="Address, name or organisation">
          <input
            type="search"
            value={query.search ?? ""}
            autocomplete="off"
            {...control("search", false, undefined)}
          />
        </Field>
        <Field name="state" label="State">
          <select
            onChange={({ target }: Event) => (target as HTMLSelectElement).form?.requestSubmit()}
            {...control("state", false, undefined)}
          >
            <option value="">All</option>
            {Object.entries(STATES).map(([value, text]) => (
              <option key={value} value={value} selected={value === query.state}>
                {text}
              </option>
            ))}
          </select>
        </Field>
        <div class="row">
          <button type="submit">Search</button>
        </div>
      </form>
    </search>
  );
}

function List({ found, query }: { readonly found: Found; readonly query: Query }) {
  const { people, total, next } = found;
  const filtered = Object.keys(query).length > 0;
  if (people.length === 0 && next === null)
    return (
      <Empty head={filtered ? "Nobody is like that" : "Nobody is here yet"}>
        {filtered ? <a href="#/users">Show all users</a> : <a href="#/users/new">Register the first user</a>}
      </Empty>
    );
  return (
    <>
      <p class="quiet" role="status">
        {total === undefined ? `${people.length} shown` : total === 1 ? "1 user" : `${total} users`}
      </p>
      <ul class="list people" aria-label="Users">
        {people.map((person) => (
          <Row key={person.id} person={person} />
        ))}
      </ul>
      <Pages found={found} query={query} />
    </>
  );
}

function Row({ person }: { readonly person: Seen }) {
  const states = statesOf(person);
  return (
    <li>
      <a href={`#/users/${person.id}`}>
        <span class="avatar" aria-hidden="true">
          {(person.name || person.email).slice(0, 1).toUpperCase()}
        </span>
        <span class="name">
          <strong>{person.name || person.email}</strong>
          <span class="quiet">
            {person.name ? person.email : ""}
            {person.name && person.organisation ? " · " : ""}
            <bdi>{person.organisation}</bdi>
          </span>
        </span>
        <span class="held">
          {person.roles.length === 0 ? <span class="quiet">No roles</span> : null}
          {person.roles.map((role) => (
            <span class="tag" key={role.id}>
              {role.rolename}
            </span>
          ))}
        </span>
        <span class="states">
          {states.map((state) => (
            <Badge key={state} state={state} />
          ))}
          {/invited|lapsed/.test(states.join()) && person.invitations.lastAt ? (
            <span class="quiet">
              <Time at={person.invitations.lastAt} away />
            </span>
          ) : null}
        </span>
      </a>
    </li>
  );
}

function Pages({ found, query }: { readonly found: Found; readonly query: Query }) {
  const page = Number(query.page ?? 1);
  const { pages = 1, next } = found;
  const at = (number: number) => addressOf("users", { ...query, page: String(number) });
  if (next !== null)
    return (
      <p class="pages">
        <a class="button" href={addressOf("users", { ...query, cursor: next })}>
          {found.total === undefined && query.state ? "Look through the next" : "Next page"}
        </a>
      </p>
    );
  if (pages <= 1) return null;
  return (
    <nav class="pages" aria-label="Pages of users">
      {page > 1 ? (
        <a class="button" href={at(page - 1)}>
          Previous
        </a>
      ) : null}
      <span>
        Page {page} of {pages}
      </span>
      {page < pages ? (
        <a class="button" href={at(page + 1)}>
          Next
        </a>
      ) : null}
    </nav>
  );
}
