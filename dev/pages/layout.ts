/** What every static page of the service has: head, header and footer. No page but /docs/ has a script. */
import { type Html, html } from "./html.ts";

/** A page: what is in it, and where the reader is. */
export interface Page {
  readonly title: string;
  readonly description: string;
  /** Which part of the service it belongs to. */
  readonly part: "start" | "problems" | "docs";
  readonly main: Html;
  /** The address of its script. Without one the page has none. */
  readonly script?: string;
}

const PARTS = [
  { part: "docs", name: "API reference", address: "/docs/" },
  { part: "problems", name: "Problems", address: "/problems/" },
  { part: "console", name: "Console", address: "/console/" },
] as const;

/** The sign of the service: two stores of the same length. */
const MARK = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect class="mark-ground" width="32" height="32" rx="7"/><rect class="mark-bar" x="8" y="10" width="16" height="4" rx="1"/><rect class="mark-bar" x="8" y="18" width="16" height="4" rx="1"/></svg>`;

/** The text of a page. */
export const layout = ({ title, description, part, main, script }: Page): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${part === "start" ? title : `${title} · Registrar`}</title>
<meta name="description" content="${description}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/tokens.css">
<link rel="stylesheet" href="/assets/pages.css">
${
  script === undefined
    ? undefined
    : html`<script type="module" src="${script}"></script>
`
}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="name" href="/"${part === "start" ? html` aria-current="page"` : undefined}>${MARK}<span>Registrar</span></a>
<nav aria-label="Service">
<ul>
${PARTS.map(
  ({ part: other, name, address }) =>
    html`<li><a href="${address}"${other === part ? html` aria-current="${part === "docs" ? "page" : "true"}"` : undefined}>${name}</a></li>
`,
)}</ul>
</nav>
</header>
${
  script === undefined
    ? html`<main id="main" tabindex="-1">
${main}
</main>`
    : main
}
<footer class="end">
<p>Registrar, under the Apache License 2.0. ${script === undefined ? "This page has no script and loads" : "This page loads"} nothing from elsewhere.</p>
<ul>
<li><a href="/openapi.json">OpenAPI document</a></li>
<li><a href="/api/health">Health</a></li>
<li><a href="/api/ready">Readiness</a></li>
</ul>
</footer>
</body>
</html>
`.text;
