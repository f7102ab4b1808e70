/**
 * The page of the console: a frame without a word of anybody's, whose script and styles are static assets. It is made here,
 * and is no asset itself, because the pool's managed login belongs to the deployment: the page is told of it, and its
 * policy lets it speak to this origin and to that one, and to no other.
 */
import type { Context } from "hono";
import type { Deployment } from "../ports/settings.ts";

/** What the page may do: https://www.w3.org/TR/CSP3/ and, of trusted types, that no text becomes markup. */
const policy = (login: string | null): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self'${login === null ? "" : ` ${login}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");

/** The settings hold neither a quote nor an angle bracket: an origin, and letters of an id. */
const page = (login: string | null, clientId: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="registrar-login" content="${login ?? ""}">
<meta name="registrar-client" content="${clientId}">
<title>Registrar console</title>
<link rel="icon" href="/assets/mark.svg">
<link rel="stylesheet" href="/console/console.css">
<script type="module" src="/console/console.js"></script>
</head>
<body><noscript>The console needs JavaScript. The API does not: see <a href="/docs/">/docs/</a>.</noscript></body>
</html>
`;

/** Answers with the page of one deployment. */
export const consolePage = ({ consoleLogin, consoleClientId }: Deployment) => {
  const text = page(consoleLogin, consoleClientId);
  const headers = { "Content-Security-Policy": policy(consoleLogin) };
  return (c: Context) => c.html(text, 200, headers);
};
