/** Registering a pasted few: one after the other, each with a key and a result of its own. */
import { useState } from "hono/jsx/dom";
import { type Attempt, doubtOf, register } from "../api/attempts.ts";
import { announce, focusSoon } from "../ui/announce.tsx";
import { becomeOf, findOut, placeOf } from "../ui/attempt.tsx";
import { Button, control, Field, Glyph, sent, textIn } from "../ui/parts.tsx";
import { RoleChoice, rolesIn, useRoles } from "../ui/roles.tsx";
import { asLine, parseLines, wrongIn } from "./lines.ts";

export function Several({ attempts }: { readonly attempts: ReadonlyArray<Attempt> }) {
  const roles = useRoles();
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const [left, setLeft] = useState(0);
  const [run] = useState({ isStopped: false });
  const submit = async (event: Event) => {
    const form = sent(event);
    if (left > 0) return;
    const users = parseLines(textIn(form, "lines"));
    const odd = wrongIn(users) ?? doubtOf(users);
    setWrong(odd);
    if (odd !== undefined) return focusSoon("lines");
    const chosen = rolesIn(form);
    const lines = document.getElementById("lines") as HTMLTextAreaElement;
    run.isStopped = false;
    focusSoon("results");
    const rest = [...users];
    for (let user = rest.shift(); user !== undefined && !run.isStopped; user = rest.shift()) {
      setLeft(rest.length + 1);
      const { outcome } = await register({ ...user, roles: chosen });
      // What has been sent is among the results, and no longer in the list.
      lines.value = rest.map(asLine).join("\n");
      if (outcome.is !== "silent" || rest.length === 0) continue;
      // Of those who come after a lost connection nobody would know anything either.
      run.isStopped = true;
      setWrong("No answer came, so these were not sent.");
    }
    setLeft(0);
    announce(`${users.length - rest.length} of ${users.length} were sent. The results are in the list.`);
  };
  return (
    <>
      <Results attempts={attempts} />
      <form class="card narrow" onSubmit={(event: Event) => void submit(event)} novalidate>
        <Field
          name="lines"
          label="One user a line"
          hint="Address, then name and organisation if you like, with commas or as copied from a spreadsheet."
          wrong={wrong}
        >
          <textarea rows={6} spellcheck={false} readonly={left > 0} {...control("lines", true, wrong)} />
        </Field>
        <RoleChoice roles={roles} legend="Roles of each of them" />
        <div class="row">
          <Button kind="main" type="submit" busy={left > 0}>
            {left > 0 ? `${left} to go …` : "Register them"}
          </Button>
          {left > 0 ? (
            <Button
              onClick={() => {
                run.isStopped = true;
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
    <li class={certainty} id={placeOf(attempt.key)} tabindex={-1}>
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
