/** Registering one user, or a few at once. The form keeps what was typed until it is known what became of it. */
import { useState } from "hono/jsx/dom";
import { doubtOf, register, useAttempts } from "../api/attempts.ts";
import { focusSoon } from "../ui/announce.tsx";
import { AttemptCard, placeOf, sayOutcome } from "../ui/attempt.tsx";
import { Button, control, Field, sent, textIn } from "../ui/parts.tsx";
import { ProfileFields, profileIn } from "../ui/profile.tsx";
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

function One() {
  const roles = useRoles();
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({});
  const submit = async (event: Event) => {
    const form = sent(event);
    if (busy) return;
    const user = { email: textIn(form, "email"), ...profileIn(form), roles: rolesIn(form) };
    const odd = user.email === "" ? "An address is needed." : doubtOf([user]);
    if (odd !== undefined) {
      setWrong({ email: odd });
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
    if (outcome.is !== "refused" && outcome.is !== "rolled back") (event.target as HTMLFormElement).reset();
    focusSoon(placeOf(attempt.key));
  };
  return (
    <form class="card narrow" onSubmit={(event: Event) => void submit(event)} novalidate autocomplete="off">
      <Field
        name="email"
        label="E-mail address"
        wrong={wrong.email}
        hint="The invitation goes there, and it is the name they sign in with."
      >
        <input type="email" required {...control("email", true, wrong.email)} />
      </Field>
      <ProfileFields wrong={wrong} hint=" (optional)" />
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
