/**
 * `npm run build:console`: the script and the styles of the console, from console/ to public/console/, and what they weigh.
 * The page itself is the service's own (src/http/console.ts). `wrangler dev` and `wrangler deploy` run it by wrangler.toml.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

const root = join(import.meta.dirname, "..");

/** Where they go. */
const FOLDER = join(root, "public/console");

/**
 * What of hono's the console has no use for, and would load more than two kilobytes for: what it makes of forms that have an
 * action and of elements of the page's head, its checks of styles and names that a page writes as text, and how a server
 * that draws for several at once keeps their contexts apart. A module that imports something else of them fails the build.
 */
const UNUSED: Readonly<Record<string, string>> = {
  "jsx/dom/intrinsic-element/components.js": "export const components_exports = {};",
  "jsx/utils.js": `
    const never = () => { throw new Error("The console writes no styles as text."); };
    export { never as styleObjectForEach, never as isValidAttributeName, never as isValidTagName };
    export const normalizeIntrinsicElementKey = (key) => key;`,
  "jsx/context.js": `
    const never = () => { throw new Error("The console draws for one person."); };
    export { never as createContext, never as captureRenderContext, never as runWithRenderContext };
    export const globalContexts = [];
    export const useContext = ({ values }) => values.at(-1);`,
  "jsx/dom/hooks/index.js": `
    const never = () => { throw new Error("The console has no forms with an action."); };
    export { never as useActionState, never as useFormStatus, never as useOptimistic };`,
};

const withoutUnused: Plugin = {
  name: "without what is unused",
  setup: ({ onLoad }) => {
    for (const [module, contents] of Object.entries(UNUSED))
      onLoad({ filter: new RegExp(`hono/dist/${module.replaceAll(".", "\\.")}$`) }, () => ({ contents }));
  },
};

/** What both weigh at the most, by gzip, in bytes: with the page itself, which is some 360, it stays below 30 KiB. */
export const CONSOLE_BYTES_MAX = 30 * 1024 - 400;

/** Builds both, and answers with their size by gzip, in bytes. Whoever reads them meanwhile reads the old ones, or the new. */
export async function buildConsole(): Promise<number> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { console: "console/main.tsx", styles: "console/style/console.css" },
    outdir: FOLDER,
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome111", "firefox115", "safari16.4"],
    jsx: "transform",
    jsxFactory: "createElement",
    jsxFragment: "Fragment",
    inject: ["console/elements.ts"],
    tsconfigRaw: {},
    plugins: [withoutUnused],
    charset: "utf8",
    legalComments: "none",
  });
  mkdirSync(FOLDER, { recursive: true });
  for (const { path, contents } of outputFiles) {
    const to = path.replace(/styles\.css$/, "console.css");
    const aside = `${to}.${process.pid}.new`;
    writeFileSync(aside, contents);
    renameSync(aside, to);
  }
  return outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

if (import.meta.main) {
  const bytes = await buildConsole();
  console.log(`The console: ${bytes} bytes gzip, of ${CONSOLE_BYTES_MAX}.`);
  if (bytes > CONSOLE_BYTES_MAX) {
    console.error("That is too much.");
    process.exitCode = 1;
  }
}
