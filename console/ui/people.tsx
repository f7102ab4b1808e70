/** Who an id is. Each id is looked up once; one whom the pool does not know is shown by the beginning of the id. */
import { get } from "../api/call.ts";
import { makeStore } from "../session/store.ts";

interface Known {
  readonly email: string;
  readonly name?: string;
}

const known = makeStore<ReadonlyMap<string, Known | null>>(new Map());
const asked = new Set<string>();

/** What another answer has told of somebody. */
export function learn(people: ReadonlyArray<{ readonly id: string; readonly email: string }>): void {
  const news = people.filter(({ id }) => !known.get().get(id));
  if (news.length === 0) return;
  known.set(new Map<string, Known | null>([...known.get(), ...news.map((one) => [one.id, one] as const)]));
  for (const { id } of news) asked.add(id);
}

/** The address of somebody who is known by now. */
export const addressOfId = (id: string): string | undefined => known.get().get(id)?.email;

let queue: Promise<unknown> = Promise.resolve();

/** One after the other, so that a long list does not use up how often one may ask. */
function lookUp(id: string): void {
  if (asked.has(id)) return;
  asked.add(id);
  queue = queue.then(async () => {
    const heard = await get<Known>(`/api/users/${id}`);
    if (heard.is === "silence") return asked.delete(id);
    return known.set(new Map([...known.get(), [id, heard.is === "answer" ? heard.body : null]]));
  });
}

/** Somebody by id: a link to them. */
export function Who({ id, email }: { readonly id: string; readonly email?: string | null }) {
  const person = known.use().get(id);
  if (person === undefined && !email) lookUp(id);
  const address = person?.email ?? email;
  return (
    <a href={`#/users/${id}`} class={address ? "" : "mono"} title={id}>
      {address || `${id.slice(0, 8)}…`}
    </a>
  );
}
