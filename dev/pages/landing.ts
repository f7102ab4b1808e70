/** The landing page: what this service is, and where to go, on one screen. */
import { type Html, html } from "./html.ts";
import { layout } from "./layout.ts";
import { stores } from "./stores.ts";

interface End {
  readonly name: string;
  readonly state: string;
  readonly hears: string;
  readonly left: Html;
}

const ENDS: ReadonlyArray<End> = [
  {
    name: "Registered",
    state: "done",
    hears: "200, and the invitation follows",
    left: stores({
      cognito: { state: "done", words: "The user" },
      postgres: { state: "done", words: "Their roles, and the audit row" },
    }),
  },
  {
    name: "Nothing",
    state: "neutral",
    hears: "a refusal that says why",
    left: stores({
      cognito: { state: "neutral", words: "No user" },
      postgres: { state: "neutral", words: "No row that claims one" },
    }),
  },
  {
    name: "Tracked",
    state: "tracked",
    hears: "500, with the operation’s id",
    left: stores({
      cognito: { state: "doubt", words: "Perhaps a user" },
      postgres: {
        state: "tracked",
        words: "An open operation, until a sweeper has ended it as one of the other two",
      },
    }),
  },
];

const DOORS = [
  { name: "Console", address: "/console/", words: "Register, invite and remove users; see what needs you." },
  { name: "API reference", address: "/docs/", words: "Every request, with its bodies, to try out." },
  { name: "Problems", address: "/problems/", words: "What each refusal means, what is left, what to do." },
  { name: "Health", address: "/api/ready", words: "Whether both stores and the signing keys answer." },
];

/** The page, as it has to be. */
export const landing = (): string =>
  layout({
    title: "Registrar",
    description: "Registers a user in AWS Cognito and Postgres completely, or leaves nothing behind.",
    part: "start",
    main: html`<div class="landing">
<section class="thesis">
<h1>In both stores,<br>or in neither.</h1>
<p class="lead">Registrar registers a user in AWS Cognito <em>and</em> in Postgres, or leaves nothing behind, and says honestly which.</p>
<ul class="doors">
${DOORS.map(
  ({ name, address, words }) => html`<li><a href="${address}">${name}</a><span>${words}</span></li>
`,
)}</ul>
</section>
<section class="ends" aria-labelledby="ends">
<h2 id="ends">How a registration ends</h2>
<ol>
${ENDS.map(
  ({ name, state, hears, left }) => html`<li>
<h3 class="state" data-state="${state}">${name}</h3>
<p class="hears">The caller hears ${hears}.</p>
${left}</li>
`,
)}</ol>
</section>
</div>`,
  });
