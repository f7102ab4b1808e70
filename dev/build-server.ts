/** `npm run build:server`: src/server.ts and all it needs as one file, dist/server.js, for Node ≥ 22.18. */
import { build } from "esbuild";

await build({
  entryPoints: ["src/server.ts"],
  outfile: "dist/server.js",
  bundle: true,
  platform: "node",
  target: "node22.18",
  format: "esm",
  sourcemap: true,
  legalComments: "linked",
  logLevel: "info",
  // Packages that are CommonJS ask for Node's own modules with `require`, which a module does not have.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
});
