/** Registering a pasted few: one after the other, each with a key and a result of its own. */
import { useRef, useState } from "hono/jsx/dom";
import { type Attempt, register } from "../api/attempts.ts";
import { announce, focusSoon } from "../ui/announce.tsx";
import { becomeOf, findOut } from "../ui/attempt.tsx";
import { Button, control, Field, Glyph } from "../ui/parts.tsx";
import { RoleChoice, rolesIn, useRoles } from "../ui/roles.tsx";
import { asLine, parseLines, wrongIn } from "./lines.ts";

export function Several({ attempts }: { readonly attempts: ReadonlyArray<Attempt> }) {
  const roles = useRoles();
  const form = useRef<HTMLFormElement>(null);
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const [left, setLeft] = useState(0);
  const stopped = useRef(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (left > 0 || form.current === null) return;
    const data = new FormData(form.current);
    const users = parseLines(String(data.get("lines") ?? ""));
    const odd = wrongIn(users);
    setWrong(odd);
    if (odd !== undefined) return focusSoon("lines");
    const chosen = rolesIn(data);
    stopped.current = false;
    focusSoon("results");
    const rest = [...users];
    for (let user = rest.shift(); user !== undefined && !stopped.current; user = rest.shift()) {
      setLeft(rest.length + 1);
      await register({ ...user, roles: chosen });
      // What has been sent is among the results, and no longer in the list.
      const lines = form.current?.querySelector("textarea");
      if (lines) lines.value = rest.map(asLine).join("\n");
    }
    setLeft(0);
    announce(`${users.length - rest.length} of ${users.length} were sent. The results are in the list.`);
  };
  return (
    <>
      <Results attempts={attempts} />
      <form class="card narrow" ref={form} onSubmit={(event: Event) => void submit(event)} novalidate>
        <Field
          name="lines"
          label="One user a line"
          hint="Address, then name and organisation if you like, with commas or as copied from a spreadsheet."
          wrong={wrong}
        >
          <textarea rows={6} spellcheck={false} {...control("lines", true, wrong)} />
        </Field>
        <RoleChoice roles={roles} legend="Roles of each of them" />
        <div class="row">
          <Button kind="main" type="submit" busy={left > 0}>
            {left > 0 ? `${left} to go …` : "Register them"}
          </Button>
          {left > 0 ? (
            <Button
              onClick={() => {
                stopped.current = true;
              }}
            >
              Stop after this one
            </Button>
          ) : (
            <a href="#/users">Back to the users</a>
          )}
        </div>
      </form>
    </>
  );
}

const Results = ({ attempts }: { readonly attempts: ReadonlyArray<Attempt> }) =>
  attempts.length === 0 ? null : (
    <section class="card" aria-label="Results" id="results" tabindex={-1}>
      <h2>Results</h2>
      <ul class="results">
        {attempts.map((attempt) => (
          <Result key={attempt.key} attempt={attempt} />
        ))}
      </ul>
    </section>
  );

function Result({ attempt }: { readonly attempt: Attempt }) {
  const { user, outcome } = attempt;
  const { certainty, head, says } = becomeOf(attempt);
  return (
    <li class={certainty}>
      <Glyph of={certainty} />
      <span>
        <strong>{user.email}</strong>
        <span class="says">
          {head}. {says}
        </span>
      </span>
      {outcome.is === "registered" ? (
        <a href={`#/users/${outcome.userId}`}>
          Show<span class="unseen"> {user.email}</span>
        </a>
      ) : outcome.is === "silent" || outcome.is === "tracked" ? (
        <Button onClick={() => void findOut(attempt)}>
          Find out<span class="unseen"> about {user.email}</span>
        </Button>
      ) : null}
    </li>
  );
}
