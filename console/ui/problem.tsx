/** What became of a request that did not simply work, so that nobody takes doubt for failure. */
import type { Child } from "hono/jsx";
import type { Problem } from "../api/wire.ts";
import { certainIn, certaintyOf, saidBy } from "../words.ts";
import { Loading, Notice } from "./parts.tsx";
import { Who } from "./people.tsx";
import type { Reading } from "./reading.ts";

interface ToldProps {
  readonly problem: Problem;
  readonly children?: Child;
  readonly id?: string | undefined;
}

/** A problem that the service has told of. */
export const Told = ({ problem, id, children }: ToldProps) => (
  <Notice certainty={certaintyOf(problem)} id={id}>
    <p>{saidBy(problem)}</p>
    <p>{certainIn(problem)}</p>
    {problem.userId ? (
      <p>
        It is <Who id={problem.userId} />.
      </p>
    ) : null}
    {problem.userIds ? (
      <p>
        Others who hold such a role, but are gone, disabled, or have never signed in:{" "}
        {problem.userIds.map((one) => (
          <span key={one}>
            <Who id={one} />{" "}
          </span>
        ))}
      </p>
    ) : null}
    {children}
    <details>
      <summary>For whoever runs the service</summary>
      <p>{problem.detail}</p>
      <p>
        <a href={`/problems/${problem.code.replaceAll("_", "-")}`}>{problem.code}</a> · request{" "}
        <span class="mono">{problem.requestId}</span>
      </p>
    </details>
  </Notice>
);

/** No answer came to a change: the connection was lost, or something between here and the service has answered. */
export const Silent = ({ id, children }: { readonly id?: string | undefined; readonly children?: Child }) => (
  <Notice certainty="doubt" head="In doubt: no answer came" id={id}>
    <p>The request was sent, and may have been carried out. It is not sent again by itself.</p>
    {children}
  </Notice>
);

/** Something could not be read. Nothing is in doubt: it can simply be read again. */
function Unread<T>({
  what,
  of: { value, problem, again },
}: {
  readonly what: string;
  readonly of: Reading<T>;
}) {
  return (
    <section class="unread" role="alert">
      <h2>Could not be read: {what}</h2>
      <p>{problem === undefined ? "No answer came. Is this machine connected?" : saidBy(problem)}</p>
      {value === undefined ? null : <p>What is shown was read before.</p>}
      <button type="button" onClick={() => void again()}>
        Read again
      </button>
      {problem ? <p class="hint mono">request {problem.requestId}</p> : null}
    </section>
  );
}

/** What a reading has come to: what is read, that it is being read, or that it could not be. `what`: as a sentence has it. */
export function shown<T>(reading: Reading<T>, what: string, draw: (value: T) => Child): Child {
  const { value, failed } = reading;
  return (
    <>
      {failed ? <Unread what={what} of={reading} /> : null}
      {value !== undefined ? draw(value) : failed ? null : <Loading what={what} />}
    </>
  );
}
