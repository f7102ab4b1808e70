/** Registering one user, or a few at once. The form keeps what was typed until it is known what became of it. */
import { useRef, useState } from "hono/jsx/dom";
import { type NewUser, register, useAttempts } from "../api/attempts.ts";
import { focusSoon } from "../ui/announce.tsx";
import { AttemptCard, sayOutcome } from "../ui/attempt.tsx";
import { Button, control, Field } from "../ui/parts.tsx";
import { RoleChoice, rolesIn, useRoles } from "../ui/roles.tsx";
import { errorsOf } from "../words.ts";
import { Several } from "./several.tsx";

export function RegisterScreen() {
  const [several, setSeveral] = useState(false);
  const attempts = useAttempts();
  return (
    <>
      <p class="crumb">
        <a href="#/users">Users</a>
      </p>
      <h1 id="heading" tabindex={-1}>
        Register {several ? "several users" : "a user"}
      </h1>
      <div class="row">
        <Button pressed={!several} onClick={() => setSeveral(false)}>
          One user
        </Button>
        <Button pressed={several} onClick={() => setSeveral(true)}>
          Several, from a list
        </Button>
      </div>
      {several || attempts.length === 0 ? null : (
        <div class="stack" aria-live="off">
          {attempts.toReversed().map((attempt) => (
            <AttemptCard key={attempt.key} attempt={attempt} />
          ))}
        </div>
      )}
      {several ? <Several attempts={attempts} /> : <One />}
    </>
  );
}

/** What a form holds; what is empty is left out. */
const read = (form: FormData): NewUser => {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  const [name, organisation] = [text("name"), text("organisation")];
  return {
    email: text("email"),
    ...(name !== "" && { name }),
    ...(organisation !== "" && { organisation }),
    roles: rolesIn(form),
  };
};

function One() {
  const roles = useRoles();
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({});
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy || form.current === null) return;
    const user = read(new FormData(form.current));
    if (user.email === "") {
      setWrong({ email: "An address is needed." });
      return focusSoon("email");
    }
    setBusy(true);
    setWrong({});
    const attempt = await register(user);
    setBusy(false);
    sayOutcome(attempt);
    const { outcome } = attempt;
    if (outcome.is === "refused" && outcome.problem) {
      const errors = errorsOf(outcome.problem);
      setWrong(errors);
      if (errors.email) return focusSoon("email");
    }
    // Of what is done, or may be done, nothing is left in the form that could be sent a second time.
    if (outcome.is !== "refused" && outcome.is !== "rolled back") form.current?.reset();
    focusSoon(`attempt-${attempt.key}`);
  };
  return (
    <form
      class="card narrow"
      ref={form}
      onSubmit={(event: Event) => void submit(event)}
      novalidate
      autocomplete="off"
    >
      <Field
        name="email"
        label="E-mail address"
        wrong={wrong.email}
        hint="The invitation goes there, and it is the name they sign in with."
      >
        <input type="email" required {...control("email", true, wrong.email)} />
      </Field>
      <div class="pair">
        <Field name="name" label="Name (optional)" wrong={wrong.name}>
          <input type="text" maxlength={255} {...control("name", false, wrong.name)} />
        </Field>
        <Field name="organisation" label="Organisation (optional)" wrong={wrong.organisation}>
          <input type="text" maxlength={255} {...control("organisation", false, wrong.organisation)} />
        </Field>
      </div>
      <RoleChoice roles={roles} legend="Roles" />
      <p class="hint">
        The user, their roles and the line in the audit trail are written together, or not at all.
      </p>
      <div class="row">
        <Button kind="main" type="submit" busy={busy}>
          Register
        </Button>
        <a href="#/users">Back to the users</a>
      </div>
    </form>
  );
}
