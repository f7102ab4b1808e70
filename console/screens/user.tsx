/** Everything about one user: who they are, what both stores have of them, what they may, what happened, and what one can do. */
import type { Child } from "hono/jsx";
import { useEffect, useState } from "hono/jsx/dom";
import { answered, get, type Heard, withQuery } from "../api/call.ts";
import { type Seen, withHalves } from "../api/half-done.ts";
import type { Account, AuditEntry, Operation, Page } from "../api/wire.ts";
import { session } from "../session/session.ts";
import { announce, focusSoon } from "../ui/announce.tsx";
import { Badge, Card, Notice } from "../ui/parts.tsx";
import { learn, Who } from "../ui/people.tsx";
import { shown, Told } from "../ui/problem.tsx";
import { useReading } from "../ui/reading.ts";
import { Time } from "../ui/time.tsx";
import { factorName, hasLapsed, isOpen, isRegistration, kindOf, stateOf, statesOf } from "../words.ts";
import { Timeline } from "./timeline.tsx";
import { type Done, UserActions } from "./user-actions.tsx";

/** The user with the entity tag that a change of them carries. */
interface Looked {
  readonly account: Seen<Account> | undefined;
  readonly etag: string;
}

async function look(id: string): Promise<Heard<Looked>> {
  const heard = await get<Account>(`/api/users/${id}`);
  if (heard.is !== "answer") return heard;
  learn([heard.body]);
  const people = await withHalves([heard.body]);
  if (people.is !== "answer") return people;
  return answered({ account: people.body[0], etag: heard.headers.get("etag") ?? "*" });
}

/** After how many milliseconds it is looked whether the row of a change is closed. */
const CLOSED_SOON_MS = 2_000;

export function UserScreen({ id }: { readonly id: string }) {
  const seen = useReading(`user ${id}`, () => look(id));
  const operations = useReading(`operations ${id}`, () =>
    get<Page<Operation>>(withQuery("/api/operations", { userId: id, limit: 50 })),
  );
  const trail = useReading(`trail ${id}`, () =>
    get<Page<AuditEntry>>(withQuery("/api/audit", { subject: id, limit: 200 })),
  );
  const [done, setDone] = useState<Done | undefined>(undefined);
  const lookAgain = async () => {
    await Promise.all([seen.again(), operations.again(), trail.again()]);
  };
  // A change is answered as done a moment before its row is closed.
  const { value } = operations;
  useEffect(() => {
    if (done?.is !== "done" || !value?.items.some(isOpen)) return;
    const soon = setTimeout(lookAgain, CLOSED_SOON_MS);
    return () => clearTimeout(soon);
  }, [value]);
  /** After a change, and after one that is in doubt, everything is read anew, and the result is read out in its place. */
  const finish = async (result: Done) => {
    setDone(result);
    announce(result.is === "done" ? result.says : "");
    focusSoon("result");
    await lookAgain();
  };
  const gone = seen.problem?.code === "user_not_found";
  const account = gone ? undefined : seen.value?.account;
  // The ledger knows a half of somebody by their address only.
  const known = [account?.half ?? [], value?.items ?? []].flat();
  return (
    <>
      <p class="crumb">
        <a href="#/users">Users</a>
      </p>
      <h1 id="heading" tabindex={-1}>
        {account ? account.name || account.email : gone ? "A user who is gone" : "One user"}
      </h1>
      {done ? <Result done={done} again={() => void lookAgain()} /> : null}
      {gone ? (
        <p>
          The pool has no user <span class="mono">{id}</span>. What is known of them is below.
        </p>
      ) : (
        shown(
          seen,
          "the user",
          ({ account, etag }) =>
            account && (
              <>
                <p class="under">
                  <span>{account.email}</span>
                  {statesOf(account).map((state) => (
                    <Badge key={state} state={state} />
                  ))}
                  {seen.busy ? <span class="quiet">reading anew …</span> : null}
                </p>
                <div class="sides">
                  <InPool account={account} />
                  <InDatabase account={account} operations={known} trail={trail.value?.items} />
                </div>
                <UserActions
                  account={account}
                  etag={etag}
                  isSelf={session.get()?.sub === id}
                  trail={trail.value?.items}
                  onDone={(result) => void finish(result)}
                />
              </>
            ),
        )
      )}
      <Card head="What happened">
        {shown(operations, "the operations", () =>
          shown(trail, "the audit trail", ({ items }) => <Timeline operations={known} trail={items} />),
        )}
      </Card>
    </>
  );
}

function Result({ done, again }: { readonly done: Done; readonly again: () => void }) {
  switch (done.is) {
    case "done":
      return (
        <Notice certainty="done" id="result">
          <p>{done.says}</p>
        </Notice>
      );
    case "silence":
      return (
        <Notice certainty="doubt" head="In doubt: no answer came" id="result">
          <p>
            {done.what}: the request was sent, and may have been carried out. If “What happened” has the
            change, Registrar brings it to its end.
          </p>
          <button type="button" onClick={again}>
            Look again
          </button>
        </Notice>
      );
    case "problem":
      return (
        <Told problem={done.problem} id="result">
          {done.problem.code === "precondition_failed" ? (
            <p>Below they are as they are now: decide anew.</p>
          ) : done.problem.outcome === "tracked" ? (
            <p>
              <a href={`#/needs-you?operation=${done.problem.operationId}`}>Show the operation</a>
            </p>
          ) : null}
        </Told>
      );
  }
}

const Fact = ({ name, children }: { readonly name: string; readonly children?: Child }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const STANDING: Record<Account["status"], string> = {
  invited: "Has not signed in yet",
  active: "Has signed in",
  ready: "May sign in; the pool needs no password",
  federated: "Signs in through another identity provider",
  password_reset_required: "Has to choose a new password",
  unconfirmed: "Unconfirmed",
  other: "In a state of Cognito's own",
};

const InPool = ({ account }: { readonly account: Account }) => (
  <Card head="In Cognito" aside={<span class="quiet">who may sign in</span>} kind="store">
    <dl class="facts">
      <Fact name="Sign-in">{account.isDisabled ? "Disabled: cannot sign in" : "Enabled"}</Fact>
      <Fact name="Account">{STANDING[account.status]}</Fact>
      <Fact name="Second factor">
        {account.secondFactors.length === 0 ? "None" : account.secondFactors.map(factorName).join(", ")}
      </Fact>
      {account.temporaryPasswordExpiresAt ? (
        <Fact name="Invitation">
          Its password {hasLapsed(account) ? "ended" : "ends"}{" "}
          <Time at={account.temporaryPasswordExpiresAt} />
        </Fact>
      ) : null}
      {account.deliveryFailed ? <Fact name="Delivery">Cognito could not deliver the invitation</Fact> : null}
      <Fact name="Id">
        <span class="mono">{account.id}</span>
      </Fact>
    </dl>
  </Card>
);

interface InDatabaseProps {
  readonly account: Seen<Account>;
  readonly operations: ReadonlyArray<Operation>;
  readonly trail: ReadonlyArray<AuditEntry> | undefined;
}

function InDatabase({ account, operations, trail = [] }: InDatabaseProps) {
  const registration = operations.find(isRegistration);
  const registered = trail.findLast(
    ({ action }) => action === "Registered user" || action === "Adopted user",
  );
  const open = operations.filter(isOpen);
  return (
    <Card
      head="In the database"
      aside={<span class="quiet">what they may, and what was done</span>}
      kind="store"
    >
      <dl class="facts">
        <Fact name="Permissions">
          {account.disabledBy ? (
            <>
              Held back since <Who id={account.disabledBy.userId} /> disabled them,{" "}
              <Time at={account.disabledBy.at} />
            </>
          ) : account.roles.length === 0 ? (
            "None: no role is granted"
          ) : (
            `Those of ${account.roles.length === 1 ? "one role" : `${account.roles.length} roles`}`
          )}
        </Fact>
        <Fact name="Registered">
          {registered ? (
            <>
              <Time at={registered.at} /> by <Who id={registered.actor} />
            </>
          ) : account.half ? (
            "Not yet: no line says so"
          ) : (
            "Not by Registrar, says the trail"
          )}
        </Fact>
        <Fact name="Registration">{registration ? stateOf(registration.state) : "None in the ledger"}</Fact>
        <Fact name="Invitations">
          {account.invitations.count === 0 ? (
            "None sent from here"
          ) : (
            <>
              {account.invitations.count} sent
              {account.invitations.lastAt ? (
                <>
                  , the last <Time at={account.invitations.lastAt} />
                </>
              ) : null}
            </>
          )}
        </Fact>
        {account.organisation !== undefined ? (
          <Fact name="Organisation">{account.organisation || "Not given"}</Fact>
        ) : null}
      </dl>
      {open.map((operation) => (
        <Notice
          key={operation.operationId}
          certainty={operation.needsOperator ? "doubt" : "tracked"}
          head={`${kindOf(operation)}: ${stateOf(operation.state)}`}
        >
          <p>{operation.next.what}</p>
          <p>
            <a href={`#/needs-you?operation=${operation.operationId}`}>Show the operation</a>
          </p>
        </Notice>
      ))}
    </Card>
  );
}
