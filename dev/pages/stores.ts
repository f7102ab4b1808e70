/** Both stores side by side: what is true of each. */
import { type Html, html, prose } from "./html.ts";

/** How sure it is, and of what (public/assets/tokens.css). */
export interface Left {
  readonly state: "done" | "tracked" | "doubt" | "failed" | "neutral";
  readonly words: string;
}

/** What is in each store. */
export interface Stores {
  readonly cognito: Left;
  readonly postgres: Left;
}

const store = (name: string, { state, words }: Left): Html =>
  html`<div class="store" data-state="${state}"><dt>${name}</dt><dd>${prose(words)}</dd></div>
`;

/** The two, as a list of terms. */
export const stores = ({ cognito, postgres }: Stores): Html =>
  html`<dl class="stores">
${store("Cognito", cognito)}${store("Postgres", postgres)}</dl>
`;
