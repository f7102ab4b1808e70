/** The frame around the screens: who is signed in, where one can go, and what has to be done first. */
import { useEffect, useState } from "hono/jsx/dom";
import { forgetAttempts, isKnown, useAttempts } from "./api/attempts.ts";
import { get } from "./api/call.ts";
import { needsYou, watchNeeds } from "./api/needs.ts";
import { AuditScreen } from "./screens/audit.tsx";
import { HealthScreen } from "./screens/health.tsx";
import { NeedsYouScreen } from "./screens/needs-you.tsx";
import { RegisterScreen } from "./screens/register.tsx";
import { SignInScreen } from "./screens/sign-in.tsx";
import { UserScreen } from "./screens/user.tsx";
import { UsersScreen } from "./screens/users.tsx";
import { type Arrival, session, signOut } from "./session/session.ts";
import { Announcer, announce, focusSoon } from "./ui/announce.tsx";
import { Ask } from "./ui/dialog.tsx";
import { Button, Notice } from "./ui/parts.tsx";
import { Who } from "./ui/people.tsx";
import { shown } from "./ui/problem.tsx";
import { useReading } from "./ui/reading.ts";
import { Renewal } from "./ui/renewal.tsx";
import { addressOf, place } from "./ui/route.ts";
import { ZoneButton } from "./ui/time.tsx";

const SCREENS = [
  { path: "users", name: "Users" },
  { path: "needs-you", name: "Needs you" },
  { path: "audit", name: "Audit" },
  { path: "health", name: "Health" },
] as const;

export function App({ arrival }: { readonly arrival: Arrival }) {
  const person = session.use();
  if (arrival === "for another window") return <Returned />;
  return person === undefined ? (
    <SignInScreen refused={arrival === "refused"} />
  ) : (
    <SignedIn key={person.sub} sub={person.sub} />
  );
}

/** What the window of a renewed sign-in shows, where the browser does not close it. */
const Returned = () => (
  <main class="alone">
    <h1>You are signed in</h1>
    <p>Close this window: the other one goes on where it was.</p>
  </main>
);

function SignedIn({ sub }: { readonly sub: string }) {
  const may = useReading(`permissions ${sub}`, () =>
    get<{ readonly permissions: ReadonlyArray<string> }>(`/api/users/${sub}/permissions`),
  );
  const manages = may.value?.permissions.includes("CanManageUsers") ?? false;
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <Header sub={sub} manages={manages} />
      <main id="main" tabindex={-1}>
        {shown(may, "what you may do", ({ permissions }) =>
          permissions.includes("CanManageUsers") ? <Screen /> : <MayNot />,
        )}
      </main>
      <Renewal />
      <Announcer />
    </>
  );
}

function skip(): void {
  document.getElementById("main")?.focus();
}

function Header({ sub, manages }: { readonly sub: string; readonly manages: boolean }) {
  const { path } = place.use();
  const count = needsYou.use();
  const unknown = useAttempts().filter((attempt) => !isKnown(attempt));
  const [leaving, setLeaving] = useState(false);
  const leave = () => {
    forgetAttempts();
    signOut();
  };
  useEffect(() => (manages ? watchNeeds() : undefined), [manages]);
  return (
    <header class="top">
      <a class="brand" href="#/users">
        Registrar
      </a>
      {manages ? (
        <nav aria-label="Screens">
          {SCREENS.map((screen) => (
            <a
              key={screen.path}
              href={addressOf(screen.path)}
              {...((path[0] || "users") === screen.path && { "aria-current": "page" as const })}
            >
              {screen.name}
              {screen.path === "needs-you" && count > 0 ? (
                <span class="count">
                  {count}
                  <span class="unseen"> waiting for a person</span>
                </span>
              ) : null}
            </a>
          ))}
        </nav>
      ) : null}
      <div class="me">
        <ZoneButton />
        {manages ? (
          <span class="who">
            <Who id={sub} />
          </span>
        ) : null}
        <Button kind="quiet" onClick={() => (unknown.length > 0 ? setLeaving(true) : leave())}>
          Sign out
        </Button>
      </div>
      {leaving ? (
        <Ask
          head="Sign out with a registration in doubt?"
          consequences={[
            `Of ${unknown.length} ${unknown.length === 1 ? "registration" : "registrations"} nobody knows yet whether it was done.`,
            "The page forgets them. Whatever reached the service is under “Needs you”, and in the list of users.",
          ]}
          yes="Sign out all the same"
          no="Stay"
          danger
          onYes={leave}
          onNo={() => setLeaving(false)}
        />
      ) : null}
    </header>
  );
}

/** The screen of an address. The heading has the focus after each change, and the title of the page says where one is. */
function Screen() {
  const { path, query } = place.use();
  const [first = "", second = ""] = path;
  const where = first === "users" || first === "" ? `users/${second}` : first;
  useEffect(() => {
    const heading = document.querySelector("h1")?.textContent ?? "";
    document.title = `${heading} · Registrar`;
    focusSoon("heading");
    announce("");
  }, [where]);
  if (first === "needs-you") return <NeedsYouScreen />;
  if (first === "audit") return <AuditScreen query={query} />;
  if (first === "health") return <HealthScreen />;
  if (second === "new") return <RegisterScreen />;
  return second === "" ? <UsersScreen query={query} /> : <UserScreen key={second} id={second} />;
}

/** For somebody who is signed in, and holds no permission: nothing is asked of the service that it would have to deny. */
const MayNot = () => (
  <>
    <h1 id="heading" tabindex={-1}>
      You may not manage users
    </h1>
    <Notice certainty="failed" head="No permission">
      <p>
        Everything here needs the permission to manage users, which your account does not hold. Ask an
        administrator for a role that holds it, then sign in again.
      </p>
    </Notice>
  </>
);
