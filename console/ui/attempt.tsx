/** What became of a registration that was sent from here, from “on its way” to an end. */
import { useEffect } from "hono/jsx/dom";
import { type Attempt, askAbout, dismiss } from "../api/attempts.ts";
import { type Certainty, saidBy } from "../words.ts";
import { announce, focusSoon } from "./announce.tsx";
import { Button, Notice } from "./parts.tsx";
import { Told } from "./problem.tsx";
import { Time } from "./time.tsx";

interface Become {
  readonly certainty: Certainty;
  readonly head: string;
  readonly says: string;
}

/** What became of it, for a card, for a line of a list, and to be read aloud. */
export function becomeOf({ outcome }: Attempt): Become {
  switch (outcome.is) {
    case "sending":
      return { certainty: "tracked", head: "On its way …", says: "" };
    case "registered":
      return { certainty: "done", head: "Registered", says: "The user is in both stores, with their roles." };
    case "silent":
      return {
        certainty: "doubt",
        head: "In doubt: no answer came",
        says: "Nobody here knows whether they were registered.",
      };
    case "tracked":
      return {
        certainty: "tracked",
        head: "Not decided yet, and looked after",
        says: "Registrar brings it to its end by itself: either they are registered, or nothing is left of them.",
      };
    case "rolled back":
      return {
        certainty: "failed",
        head: "Not registered, and nothing is left",
        says: "No user of this registration exists, in neither store. You may register them again.",
      };
    case "refused":
      return {
        certainty: "failed",
        head: "Not registered",
        says: outcome.problem ? saidBy(outcome.problem) : "It was refused. Nothing is left of it.",
      };
  }
}

/** Has the outcome read aloud. */
export const sayOutcome = (attempt: Attempt): void =>
  announce(`${attempt.user.email}: ${becomeOf(attempt).head}`);

/** Asks what became of it, and has that read aloud. The button that was pressed is gone then: the focus goes to the answer. */
export async function findOut({ key }: Attempt): Promise<void> {
  const seen = await askAbout(key);
  if (seen !== undefined) sayOutcome(seen);
  focusSoon(placeOf(key));
}

/** The id of the element that says what became of it. */
export const placeOf = (key: string): string => `attempt-${key}`;

/** How often a tracked registration is looked at, in milliseconds: the first time, and at the most. */
const LOOK_MS = { first: 3000, most: 60_000 };

/** Looks at a tracked registration until it has ended, ever more seldom. */
function useWatch({ key, outcome }: Attempt): void {
  const tracked = outcome.is === "tracked";
  useEffect(() => {
    if (!tracked) return;
    let wait = LOOK_MS.first;
    let timer = setTimeout(look, wait);
    async function look() {
      const seen = document.hidden ? undefined : await askAbout(key);
      if (seen !== undefined && seen.outcome.is !== "tracked") return sayOutcome(seen);
      wait = Math.min(wait * 1.5, LOOK_MS.most);
      timer = setTimeout(look, wait);
    }
    return () => clearTimeout(timer);
  }, [key, tracked]);
}

export function AttemptCard({ attempt }: { readonly attempt: Attempt }) {
  useWatch(attempt);
  const { key, user, outcome } = attempt;
  const { certainty, head, says } = becomeOf(attempt);
  const id = placeOf(key);
  if (outcome.is === "sending")
    return (
      <p class="sending">
        <span class="spinner" aria-hidden="true" /> Registering {user.email} …
      </p>
    );
  if (outcome.is === "refused" && outcome.problem)
    return (
      <Told problem={outcome.problem} id={id}>
        <p>{user.email} was not registered.</p>
        <PutAway of={key} />
      </Told>
    );
  return (
    <Notice certainty={certainty} head={`${head}: ${user.email}`} id={id}>
      <p>{says}</p>
      {outcome.is === "tracked" ? (
        <>
          <p>
            Do not register them again meanwhile. {outcome.operation?.next.what}{" "}
            {outcome.operation?.next.at ? (
              <>
                Next try <Time at={outcome.operation.next.at} away />.
              </>
            ) : null}
          </p>
          <div class="row">
            <Button onClick={() => void findOut(attempt)}>Look again</Button>
            <a href={`#/needs-you?operation=${outcome.operationId}`}>Show the operation</a>
          </div>
        </>
      ) : outcome.is === "silent" ? (
        <>
          <p>Ask: the same request is sent with the same key, which never registers anybody twice.</p>
          <div class="row">
            <Button kind="main" onClick={() => void findOut(attempt)}>
              Find out
            </Button>
          </div>
        </>
      ) : (
        <div class="row">
          {outcome.is === "registered" ? <a href={`#/users/${outcome.userId}`}>Show the user</a> : null}
          <PutAway of={key} />
        </div>
      )}
    </Notice>
  );
}

const PutAway = ({ of }: { readonly of: string }) => (
  <Button
    onClick={() => {
      dismiss(of);
      focusSoon("heading");
    }}
  >
    Put away
  </Button>
);
