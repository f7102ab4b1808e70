/** The problem pages: one for each code, and one that lists them. */
import { exampleOfProblem, samplesOf } from "../../src/http/examples.ts";
import { type Case, EXPLANATIONS, type Repeat } from "../../src/http/explanations.ts";
import { codesOf } from "../../src/http/openapi.ts";
import { OUTCOMES, type Outcome } from "../../src/http/problem.ts";
import { type Code, PROBLEMS, pageOf } from "../../src/http/problems.ts";
import { routes } from "../../src/http/routes/all.ts";
import { type Html, html, prose } from "./html.ts";
import { layout } from "./layout.ts";
import { stores } from "./stores.ts";

const CODES = Object.keys(PROBLEMS) as ReadonlyArray<Code>;

/** What is certain, in a few words and in a state of the design tokens. */
const CERTAIN: Readonly<
  Record<Outcome, { readonly state: string; readonly name: string; readonly words: string }>
> = {
  nothing_created: {
    state: "neutral",
    name: "Nothing was done",
    words: "Nothing of the request exists, in neither store.",
  },
  rolled_back: {
    state: "neutral",
    name: "Rolled back",
    words: "What the request had created was deleted again.",
  },
  tracked: {
    state: "tracked",
    name: "Tracked",
    words: "It is not finished. An operation is open in the ledger, and the sweeper works on it until it is.",
  },
  partly_done: {
    state: "done",
    name: "Partly done",
    words: "What `updated` names was written to the user’s profile, and nothing else was done.",
  },
  unknown: {
    state: "doubt",
    name: "In doubt",
    words: "Nobody knows yet whether it was done. Look before you repeat it.",
  },
};

const VERDICTS: Readonly<Record<Repeat["when"], { readonly state: string; readonly name: string }>> = {
  now: { state: "done", name: "You may" },
  later: { state: "tracked", name: "Yes, later" },
  asked: { state: "doubt", name: "It depends" },
  changed: { state: "neutral", name: "Not as it is" },
  never: { state: "failed", name: "No" },
};

/** A code as a heading: `user_exists` is “User exists”. */
const nameOf = (code: Code): string =>
  `${code.charAt(0).toUpperCase()}${code.slice(1)}`
    .replaceAll("_", " ")
    .replaceAll(/\b(?:mfa|Mfa)\b/g, "MFA")
    .replaceAll(/\bif match\b/g, "If-Match");

const fileOf = (code: Code): string => `${pageOf(code).slice(1)}.html`;

/** What is certain after an answer, with a heading where there are several. */
const left = ({ outcome, cognito, postgres }: Case, isOne: boolean): Html => {
  const { state, name } = CERTAIN[outcome];
  const heading = isOne
    ? html`<p class="certain"><span class="state" data-state="${state}">${name}</span> <code>outcome: ${outcome}</code></p>`
    : html`<h3 class="certain"><span class="state" data-state="${state}">${name}</span> <code>outcome: ${outcome}</code></h3>`;
  return html`<div class="case">
${heading}
${stores({ cognito, postgres })}</div>
`;
};

/** The requests that can be answered so. Null: every one. */
const askedBy = (code: Code) => {
  const able = routes.filter((route) => codesOf(route).includes(code));
  return able.length === routes.length ? null : able;
};

const requests = (code: Code): Html => {
  const able = askedBy(code);
  if (able === null) return html`<p>Every request of the API.</p>`;
  if (able.length === 0) return html`<p>A request that the API does not know.</p>`;
  return html`<ul class="requests">
${able.map(
  ({
    method,
    path,
    summary,
  }) => html`<li><code><span class="method">${method}</span> ${path}</code><span>${summary}</span></li>
`,
)}</ul>`;
};

const page = (code: Code): string => {
  const { means, left: cases, todo, repeat } = EXPLANATIONS[code];
  const { status } = PROBLEMS[code];
  const [sample] = samplesOf(code);
  const verdict = VERDICTS[repeat.when];
  const name = nameOf(code);
  return layout({
    title: name,
    description: means.replaceAll("`", ""),
    part: "problems",
    main: html`<article class="problem">
<header>
<p class="trail"><a href="/problems/">Problems</a></p>
<h1>${name}</h1>
<p class="facts"><span>${status} ${sample?.title}</span> <code>${code}</code></p>
<p class="lead">${prose(means)}</p>
</header>
<section class="next" aria-labelledby="todo">
<h2 id="todo">What to do</h2>
<p>${prose(todo)}</p>
<h2 id="repeat">Send it again?</h2>
<p class="verdict"><strong class="state" data-state="${verdict.state}">${verdict.name}</strong></p>
<p>${prose(repeat.words)}</p>
</section>
<section aria-labelledby="left">
<h2 id="left">What is left in each store</h2>
${cases.map((one) => left(one, cases.length === 1))}</section>
<section aria-labelledby="answer">
<h2 id="answer">The answer</h2>
<pre><code>${JSON.stringify(sample && exampleOfProblem(sample), null, 2)}</code></pre>
</section>
<section aria-labelledby="requests">
<h2 id="requests">Which requests hear it</h2>
${requests(code)}
</section>
</article>`,
  });
};

const STATUSES = [...new Set(CODES.map((code) => PROBLEMS[code].status))].toSorted((a, b) => a - b);

/** What answers with a status are called. */
const titleOf = (status: number): string | undefined =>
  CODES.flatMap(samplesOf).find((sample) => sample.status === status)?.title;

const index = (): string =>
  layout({
    title: "Problems",
    description: "What each refusal of Registrar means, what is left in each store, and what to do.",
    part: "problems",
    main: html`<div class="index">
<header>
<h1>Problems</h1>
<p class="lead">Every refusal is a problem (RFC 9457). Its <code>code</code> says what happened, and its <code>outcome</code> what is certain.</p>
</header>
<section aria-labelledby="outcomes">
<h2 id="outcomes">What is certain</h2>
<dl class="outcomes">
${OUTCOMES.map((outcome) => {
  const { state, name, words } = CERTAIN[outcome];
  return html`<div><dt><span class="state" data-state="${state}">${name}</span> <code>${outcome}</code></dt><dd>${prose(words)}</dd></div>
`;
})}</dl>
</section>
${STATUSES.map(
  (status) => html`<section class="status" aria-labelledby="s${status}">
<h2 id="s${status}">${status} <span>${titleOf(status)}</span></h2>
<ul>
${CODES.filter((code) => PROBLEMS[code].status === status).map(
  (
    code,
  ) => html`<li><a href="${pageOf(code)}">${nameOf(code)}</a><span>${prose(EXPLANATIONS[code].means)}</span></li>
`,
)}</ul>
</section>
`,
)}</div>`,
  });

/** Every page of this part, by its file. */
export const problemPages = (): ReadonlyArray<readonly [file: string, text: string]> => [
  ["problems/index.html", index()],
  ...CODES.map((code) => [fileOf(code), page(code)] as const),
];
