/** What an administrator can do to a user. Each says first what follows from it, and carries the tag of what was looked at. */
import { useState } from "hono/jsx/dom";
import { call } from "../api/call.ts";
import type { Seen } from "../api/half-done.ts";
import type { Account, AuditEntry, Problem } from "../api/wire.ts";
import { focusSoon } from "../ui/announce.tsx";
import { Ask } from "../ui/dialog.tsx";
import { Button, Card, control, Field, textIn } from "../ui/parts.tsx";
import { Who } from "../ui/people.tsx";
import { ProfileFields, profileIn } from "../ui/profile.tsx";
import { RoleChoice, rolesIn, useRoles } from "../ui/roles.tsx";
import { Time } from "../ui/time.tsx";
import { factorName } from "../words.ts";

/** What became of a change. */
export type Done =
  | { readonly is: "done"; readonly says: string }
  | { readonly is: "problem"; readonly problem: Problem }
  | { readonly is: "silence"; readonly what: string };

type ActionName = "roles" | "profile" | "disable" | "enable" | "invite" | "reset" | "remove";

interface Action {
  readonly name: ActionName;
  readonly label: string;
  /** Its question. */
  readonly head: string;
  /** What follows from it. */
  readonly consequences: ReadonlyArray<string>;
  readonly says: string;
  readonly send: (form: FormData) => readonly [method: string, path: string, body?: object];
  readonly danger?: true;
}

interface ActionsProps {
  readonly account: Seen<Account>;
  readonly etag: string;
  readonly isSelf: boolean;
  readonly trail: ReadonlyArray<AuditEntry> | undefined;
  readonly onDone: (done: Done) => void;
}

/** What can be done to somebody as they are. */
function actionsFor(
  { id, email, organisation, isDisabled, status, secondFactors, federated, half }: Seen<Account>,
  isSelf: boolean,
): ReadonlyArray<Action> {
  const path = `/api/users/${id}`;
  const all: ReadonlyArray<readonly [boolean, Action]> = [
    [
      organisation !== undefined && !half,
      {
        name: "profile",
        label: "Change name",
        head: `Name and organisation of ${email}`,
        consequences: ["The database has them afterwards; Cognito keeps the name that it has."],
        says: "Name and organisation are as you wrote them.",
        send: (form) => ["PUT", path, profileIn(form)],
      },
    ],
    [
      !isDisabled && status === "invited" && !half,
      {
        name: "invite",
        label: "Invite again",
        head: `Invite ${email} again?`,
        consequences: [
          `Cognito mails a new temporary password to ${email}.`,
          "The password of the invitation before does not work any more.",
        ],
        says: "The invitation is sent.",
        send: () => ["POST", `${path}/invitation`],
      },
    ],
    [
      secondFactors.length > 0 && !federated,
      {
        name: "reset",
        label: "Reset second factor",
        head: `Reset the second factor of ${email}?`,
        consequences: [
          `They lose: ${secondFactors.map(factorName).join(", ")}. They enrol one anew at their next sign-in.`,
          "They are signed out everywhere.",
          "Make sure that it is really them who asks: whoever has their password can sign in meanwhile.",
        ],
        says: "The second factor is reset, and the user is signed out.",
        send: () => ["POST", `${path}/mfa/reset`],
      },
    ],
    [
      isDisabled,
      {
        name: "enable",
        label: "Enable",
        head: `Enable ${email}?`,
        consequences: ["They can sign in again.", "They hold the permissions of their roles again, at once."],
        says: "The user is enabled.",
        send: () => ["PUT", path, { disabled: false }],
      },
    ],
    [
      !isDisabled && !isSelf,
      {
        name: "disable",
        label: "Disable",
        head: `Disable ${email}?`,
        consequences: [
          "They cannot sign in any more, until somebody enables them.",
          "They hold no permission from now on, even where they are signed in.",
          "Their roles and their history stay.",
        ],
        says: "The user is disabled.",
        send: () => ["PUT", path, { disabled: true }],
      },
    ],
    [
      !isSelf,
      {
        name: "remove",
        label: "Delete",
        head: `Delete ${email}?`,
        consequences: [
          "Their roles are revoked, then their account is deleted in Cognito. Nobody can undo that.",
          "What they did stays in the audit trail, under their id.",
          "To keep somebody out for a while, disable them instead.",
        ],
        says: "The user is deleted.",
        send: () => ["DELETE", path],
        danger: true,
      },
    ],
  ];
  return all.filter(([offered]) => offered).map(([, action]) => action);
}

export function UserActions(props: ActionsProps) {
  const { account, isSelf, trail } = props;
  const [asking, setAsking] = useState<Action | undefined>(undefined);
  const roles: Action = {
    name: "roles",
    label: "Change roles",
    head: `Roles of ${account.email}`,
    consequences: ["They hold exactly these roles afterwards. It counts from their next request on."],
    says: "The roles are as you chose.",
    send: (form) => ["POST", `/api/users/${account.id}/roles`, { roles: rolesIn(form) }],
  };
  return (
    <>
      <div class="sides">
        <Card
          head="Roles"
          aside={
            <Button onClick={() => setAsking(roles)} id="action-roles">
              Change roles
            </Button>
          }
        >
          <Held account={account} trail={trail} />
        </Card>
        <Card head="Account">
          {isSelf ? (
            <p class="hint">
              This is you. Another administrator can disable or delete your account; you cannot.
            </p>
          ) : null}
          <div class="row actions">
            {actionsFor(account, isSelf).map((action) => (
              <Button
                key={action.name}
                id={`action-${action.name}`}
                kind={action.danger ? "danger" : "quiet"}
                onClick={() => setAsking(action)}
              >
                {action.label}
              </Button>
            ))}
          </div>
        </Card>
      </div>
      {asking ? (
        <Question
          key={asking.name}
          {...props}
          action={asking}
          onClose={() => {
            focusSoon(`action-${asking.name}`);
            setAsking(undefined);
          }}
          onDone={(done) => {
            setAsking(undefined);
            props.onDone(done);
          }}
        />
      ) : null}
    </>
  );
}

/** The roles, each with who gave it and when, as far as the trail tells. */
function Held({
  account,
  trail = [],
}: {
  readonly account: Account;
  readonly trail: ReadonlyArray<AuditEntry> | undefined;
}) {
  if (account.roles.length === 0) return <p class="quiet">None: they may do nothing here.</p>;
  return (
    <ul class="held-roles">
      {account.roles.map((role) => {
        const given = givenIn(trail, role.id);
        return (
          <li key={role.id}>
            <strong>{role.rolename}</strong>
            <span class="hint">{role.roledescription}</span>
            <span class="quiet">
              {given ? (
                <>
                  given by <Who id={given.actor} />, <Time at={given.at} />
                </>
              ) : (
                "given before this trail begins, or elsewhere"
              )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** The newest line of the trail that gave the role. */
const givenIn = (trail: ReadonlyArray<AuditEntry>, role: string): AuditEntry | undefined =>
  trail.find(({ roles }) => {
    const had = (list: ReadonlyArray<{ readonly id: string }> = []) => list.some(({ id }) => id === role);
    return had(roles?.after) && !had(roles?.before);
  });

interface QuestionProps extends ActionsProps {
  readonly action: Action;
  readonly onClose: () => void;
}

/** Asks before a change, sends it once, and hands on what it came to. */
function Question({ account, etag, action, onClose, onDone }: QuestionProps) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const submit = async (form: FormData) => {
    if (action.danger && textIn(form, "confirm").toLowerCase() !== account.email.toLowerCase()) {
      setWrong("That is not their address.");
      return focusSoon("confirm");
    }
    const [method, path, body] = action.send(form);
    setBusy(true);
    const heard = await call<{ readonly remaining?: ReadonlyArray<string> | null }>(method, path, {
      headers: { "if-match": etag },
      ...(body && { body }),
    });
    if (heard.is === "problem") return onDone({ is: "problem", problem: heard.problem });
    if (heard.is === "silence") return onDone({ is: "silence", what: action.label });
    return onDone({
      is: "done",
      says: [action.says, leftOf(heard.body.remaining)].filter(Boolean).join(" "),
    });
  };
  return (
    <Ask
      head={action.head}
      consequences={action.consequences}
      yes={/roles|profile/.test(action.name) ? "Save" : action.label}
      danger={action.danger}
      busy={busy}
      onYes={(form) => void submit(form)}
      onNo={onClose}
    >
      <Inside name={action.name} account={account} wrong={wrong} />
    </Ask>
  );
}

const leftOf = (remaining: ReadonlyArray<string> | null | undefined): string =>
  remaining && remaining.length > 0
    ? `They still have: ${remaining.map(factorName).join(", ")}.`
    : remaining === null
      ? "What they still have could not be read."
      : "";

interface InsideProps {
  readonly name: ActionName;
  readonly account: Account;
  readonly wrong: string | undefined;
}

/** What a question asks for besides yes. */
function Inside({ name, account, wrong }: InsideProps) {
  if (name === "roles") return <Roles account={account} />;
  if (name === "profile") return <ProfileFields of={account} />;
  if (name === "remove")
    return (
      <Field name="confirm" label={`Type their address, ${account.email}, to go on`} wrong={wrong}>
        <input type="text" {...control("confirm", false, wrong)} />
      </Field>
    );
  return null;
}

function Roles({ account }: { readonly account: Account }) {
  return <RoleChoice roles={useRoles()} legend="Roles" chosen={account.roles.map(({ id }) => id)} />;
}
