/**
 * Shows the OpenAPI document with Scalar, which `npm run build:docs` puts beside this file. Where it has not, says so.
 * Nothing is asked of another host, and no token is kept: whoever reloads the page gives theirs again.
 */
const look = `
  .scalar-app {
    --scalar-font: var(--font-text);
    --scalar-font-code: var(--font-code);
    --scalar-radius: var(--radius-m);
    --scalar-radius-lg: var(--radius-m);
    --scalar-radius-xl: var(--radius-l);
    --scalar-color-1: var(--ink);
    --scalar-color-2: var(--ink-soft);
    --scalar-color-3: var(--ink-soft);
    --scalar-color-accent: var(--accent);
    --scalar-link-color: var(--accent);
    --scalar-background-1: var(--paper);
    --scalar-background-2: var(--sunk);
    --scalar-background-3: var(--line);
    --scalar-background-accent: var(--accent-paper);
    --scalar-border-color: var(--line);
    --scalar-button-1: var(--accent);
    --scalar-button-1-color: var(--on-accent);
    --scalar-button-1-hover: var(--accent-strong);
    --scalar-color-green: var(--done-ink);
    --scalar-color-red: var(--failed-ink);
    --scalar-color-yellow: var(--tracked-ink);
    --scalar-color-orange: var(--tracked-ink);
    --scalar-color-blue: var(--accent);
    --scalar-color-purple: var(--doubt-ink);
    --scalar-sidebar-background-1: var(--paper);
    --scalar-sidebar-color-1: var(--ink);
    --scalar-sidebar-color-2: var(--ink-soft);
    --scalar-sidebar-color-active: var(--accent);
    --scalar-sidebar-border-color: var(--line);
  }
`;

const dark = matchMedia("(prefers-color-scheme: dark)");

try {
  const { createApiReference } = await import("./reference/standalone.esm.js");
  createApiReference("#reference", {
    url: "/openapi.json",
    theme: "none",
    customCss: look,
    forceDarkModeState: dark.matches ? "dark" : "light",
    hideDarkModeToggle: true,
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    showDeveloperTools: "never",
    hideClientButton: true,
    persistAuth: false,
    authentication: { preferredSecurityScheme: "cognito" },
    documentDownloadType: "none",
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  });
} catch {
  document.getElementById("missing").hidden = false;
}
