/** What is shown when a sign-in is about to end, and when it has ended. The page below stays as it is. */
import { useEffect, useState } from "hono/jsx/dom";
import { openRenewal, renewal, session, signOut } from "../session/session.ts";
import { Dialog } from "./dialog.tsx";
import { Button } from "./parts.tsx";

/** How long before its end a sign-in is offered to be renewed, in milliseconds. */
const AHEAD_MS = 5 * 60_000;

export function Renewal() {
  const state = renewal.use();
  return state === "no" ? <EndsSoon /> : <HasEnded state={state} />;
}

function EndsSoon() {
  const { endsAt = 0 } = session.use() ?? {};
  const [soon, setSoon] = useState(false);
  useEffect(() => {
    setSoon(false);
    const timer = setTimeout(() => setSoon(true), Math.max(endsAt - Date.now() - AHEAD_MS, 0));
    return () => clearTimeout(timer);
  }, [endsAt]);
  return soon ? (
    <aside class="soon" role="status">
      <p>Your sign-in ends in a few minutes. What you type stays.</p>
      <Button kind="main" onClick={() => void openRenewal()}>
        Sign in again
      </Button>
    </aside>
  ) : null;
}

const SAYS = {
  wanted: "Nothing that you typed is lost: sign in again, and the page goes on where it stopped.",
  waiting: "Sign in in the window that has opened. This page goes on by itself then.",
  blocked: "The browser has not opened the window. Allow this page to open it, and try again.",
  failed: "The sign-in was not completed. Try again.",
};

function HasEnded({ state }: { readonly state: keyof typeof SAYS }) {
  const ended = Date.now() >= (session.get()?.endsAt ?? 0) || state === "wanted";
  const [head] = useState(ended ? "Your sign-in has ended" : "Sign in again");
  const put = () => renewal.set("no");
  return (
    <Dialog head={head} {...(!ended && { onCancel: put })}>
      <p role="status">{SAYS[state]}</p>
      <div class="row">
        <Button kind="main" onClick={() => void openRenewal()}>
          Sign in again
        </Button>
        <Button kind="quiet" onClick={ended ? signOut : put}>
          {ended ? "Sign out" : "Not now"}
        </Button>
      </div>
    </Dialog>
  );
}
