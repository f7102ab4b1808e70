/** One operation: how far it is in both stores, what happens next, and what a person can do about it. */
import { useState } from "hono/jsx/dom";
import { call } from "../api/call.ts";
import type { Operation, Problem } from "../api/wire.ts";
import { announce, focusSoon } from "../ui/announce.tsx";
import { Ask } from "../ui/dialog.tsx";
import { Button, control, Field, Glyph, Notice, textIn } from "../ui/parts.tsx";
import { Who } from "../ui/people.tsx";
import { Silent, Told } from "../ui/problem.tsx";
import { Time } from "../ui/time.tsx";
import { isOpen, isRegistration, kindOf, RESOLUTIONS, reasonIn, stateOf } from "../words.ts";
import { storesOf } from "./stores.ts";
import { Steps } from "./timeline.tsx";

interface CardProps {
  readonly operation: Operation;
  readonly onChange: (operation: Operation) => void;
}

type Result =
  | { readonly is: "resolved"; readonly resolution: string }
  | { readonly is: "problem"; readonly problem: Problem }
  | { readonly is: "silence" };

/** What a person may say about it: nothing, that the user is somebody else's, or that it can never be done. */
type Word = Readonly<Record<string, boolean | string>>;

export function OperationCard({ operation, onChange }: CardProps) {
  const { operationId: id } = operation;
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<"close" | "leave" | undefined>(undefined);
  const [result, setResult] = useState<Result | undefined>(undefined);
  const resolve = async (word: Word = {}) => {
    setAsking(undefined);
    setBusy(true);
    const heard = await call<{ readonly resolution: string; readonly operation: Operation }>(
      "POST",
      `/api/operations/${id}/resolve`,
      { body: word },
    );
    setBusy(false);
    if (heard.is === "answer") {
      setResult({ is: "resolved", resolution: heard.body.resolution });
      onChange(heard.body.operation);
      announce(RESOLUTIONS[heard.body.resolution]?.says ?? heard.body.resolution);
    } else setResult(heard.is === "problem" ? { is: "problem", problem: heard.problem } : { is: "silence" });
    focusSoon(`result-${id}`);
  };
  const stay = () => setAsking(undefined);
  const open = isOpen(operation) || operation.needsOperator;
  return (
    <article class={`card operation ${looksOf(operation)}`}>
      <Head operation={operation} />
      <Stores operation={operation} />
      {result ? <Outcome result={result} id={`result-${id}`} /> : null}
      <Next operation={operation} />
      {open ? (
        <div class="row">
          <Button kind="main" busy={busy} onClick={() => void resolve()}>
            Resolve now<span class="unseen">: {titleOf(operation)}</span>
          </Button>
          {operation.lastError === "NeedsOperator" ? (
            <Button busy={busy} onClick={() => setAsking("leave")}>
              The user is somebody else's …
            </Button>
          ) : null}
          <Button kind="quiet" busy={busy} onClick={() => setAsking("close")}>
            Close …<span class="unseen"> {titleOf(operation)}</span>
          </Button>
        </div>
      ) : null}
      <details>
        <summary>
          All steps, and its number<span class="unseen"> of {titleOf(operation)}</span>
        </summary>
        <Steps operation={operation} />
        {operation.unreadable ? <p>Fields that cannot be read: {operation.unreadable.join(", ")}</p> : null}
        <p class="hint">
          Operation <span class="mono">{id}</span>
          {operation.caller ? (
            <>
              , asked for by <Who id={operation.caller} />
            </>
          ) : null}
        </p>
      </details>
      {asking === "close" ? (
        <Ask
          head="Close what can never be done?"
          consequences={[
            "Nobody tries it any more, Registrar neither.",
            "History and audit trail say that it was not done, or not for certain, and that you have closed it.",
            ...(isRegistration(operation)
              ? [
                  "If a user is left over in Cognito, they stay until the address is registered again, or somebody deletes them.",
                ]
              : []),
          ]}
          yes="Close it"
          danger
          onYes={(form) => {
            const note = textIn(form, "note");
            void resolve({ close: true, ...(note !== "" && { note }) });
          }}
          onNo={stay}
        >
          <Field name="note" label="Why" hint="For whoever reads the history. At most 200 characters.">
            <input type="text" maxlength={200} {...control("note", true, undefined)} />
          </Field>
        </Ask>
      ) : null}
      {asking === "leave" ? (
        <Ask
          head="Is the user at this address somebody else's?"
          consequences={[
            "They are left alone, and the registration is closed.",
            "If they are this registration's after all, they stay in Cognito without anything in the database.",
          ]}
          yes="Yes, leave them alone"
          onYes={() => void resolve({ leave: true })}
          onNo={stay}
        />
      ) : null}
    </article>
  );
}

/** A person's turn stands out; what is looked after is calm; what has ended is done. */
const looksOf = (operation: Operation) =>
  operation.needsOperator ? "failed" : isOpen(operation) ? "tracked" : "done";

const titleOf = (operation: Operation): string =>
  `${kindOf(operation)}${operation.email ? ` of ${operation.email}` : ""}`;

const Head = ({ operation }: { readonly operation: Operation }) => (
  <header>
    <h3>
      {kindOf(operation)} of{" "}
      {operation.userId ? (
        <Who id={operation.userId} email={operation.email} />
      ) : (
        (operation.email ?? "somebody who is forgotten")
      )}
    </h3>
    <span class={`mark ${looksOf(operation)}`}>
      {operation.needsOperator
        ? "Waits for a person"
        : isOpen(operation)
          ? "Looked after"
          : stateOf(operation.state)}
    </span>
    <p class="quiet">
      Begun <Time at={operation.startedAt} away />
      {(operation.tries ?? 0) > 0
        ? ` · tried ${operation.tries === 1 ? "once" : `${operation.tries} times`}`
        : ""}
      {isOpen(operation) ? ` · ${stateOf(operation.state)}` : ""}
    </p>
  </header>
);

/** Both stores side by side, and what each is known to have: sure, in doubt, or nothing. */
function Stores({ operation }: { readonly operation: Operation }) {
  const [pool, database] = storesOf(operation);
  return (
    <dl class="both">
      <div class={pool.sure}>
        <dt>Cognito</dt>
        <dd>
          <Glyph of={pool.sure} />
          {pool.says}
        </dd>
      </div>
      <div class={database.sure}>
        <dt>Database</dt>
        <dd>
          <Glyph of={database.sure} />
          {database.says}
        </dd>
      </div>
    </dl>
  );
}

const Next = ({ operation }: { readonly operation: Operation }) => (
  <div class="next">
    <div>
      <p>{operation.next.what}</p>
      {operation.next.at ? (
        <p class="quiet">
          Next try <Time at={operation.next.at} away /> (<Time at={operation.next.at} />)
        </p>
      ) : null}
      {reasonIn(operation.reason) ? <p class="quiet">{reasonIn(operation.reason)}</p> : null}
      {operation.lastError && operation.lastError !== "NeedsOperator" ? (
        <p class="quiet">
          What went wrong last: <span class="mono">{operation.lastError}</span>
        </p>
      ) : null}
    </div>
  </div>
);

function Outcome({ result, id }: { readonly result: Result; readonly id: string }) {
  if (result.is === "problem") return <Told problem={result.problem} id={id} />;
  if (result.is === "silence") return <Silent id={id} />;
  const { says, calm } = RESOLUTIONS[result.resolution] ?? { says: result.resolution, calm: false };
  return (
    <Notice certainty={calm ? "done" : "neutral"} head={calm ? "Resolved" : "Not resolved yet"} id={id}>
      <p>{says}</p>
    </Notice>
  );
}
