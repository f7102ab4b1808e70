/** For whoever is not signed in. */
import { useState } from "hono/jsx/dom";
import { login } from "../session/login.ts";
import { signIn } from "../session/session.ts";
import { Button, Notice } from "../ui/parts.tsx";

export function SignInScreen({ refused }: { readonly refused: boolean }) {
  const [leaving, setLeaving] = useState(false);
  const leave = () => {
    setLeaving(true);
    void signIn();
  };
  return (
    <main class="alone">
      <p class="brand">Registrar</p>
      <h1>Users, complete or not at all</h1>
      <p>
        Register and look after the people who may sign in. What is half done is never hidden here, and never
        lost.
      </p>
      {refused ? (
        <Notice certainty="failed" head="You are not signed in">
          <p>The sign-in was not completed. Try again.</p>
        </Notice>
      ) : null}
      {login === "" ? (
        <Notice certainty="failed" head="This deployment has no sign-in">
          <p>
            Whoever runs it sets <code>COGNITO_DOMAIN</code> to the address of the pool's managed login.
          </p>
        </Notice>
      ) : (
        <Button kind="main" busy={leaving} onClick={leave}>
          Sign in
        </Button>
      )}
    </main>
  );
}
