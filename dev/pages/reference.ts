/** The page of the API reference: where Scalar puts it, and what is said where it is not built. */
import { html } from "./html.ts";
import { layout } from "./layout.ts";

/** The page, as it has to be. */
export const reference = (): string =>
  layout({
    title: "API reference",
    description: "Every request of Registrar, with its bodies and answers, to try out.",
    part: "docs",
    script: "/docs/start.js",
    main: html`<div class="reference" id="main" tabindex="-1">
<div id="reference"></div>
<main class="missing" id="missing" hidden>
<h1>The API reference is not built here</h1>
<p class="lead">It is made of the <a href="/openapi.json">OpenAPI document</a>, and its parts are too many to be installed with everything else. This command, in the repository, builds it, and the next start shows it:</p>
<pre><code>npm run build:docs</code></pre>
<p>Until then: the <a href="/openapi.json">document</a> has every request with examples, and <a href="/problems/">every problem has a page</a>.</p>
</main>
<noscript><div class="missing"><p class="lead">The API reference needs JavaScript. The <a href="/openapi.json">OpenAPI document</a> has the same in it.</p></div></noscript>
</div>`,
  });
