/**
 * `npm run build:docs`: puts Scalar's API reference into public/docs/reference, which git does not keep. It is a package of
 * this folder's own package.json, and is installed here: with all that it needs it is larger than the project.
 */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installNested } from "../nested.ts";

const HERE = import.meta.dirname;
const PACKAGE = join(HERE, "node_modules/@scalar/api-reference");
const TARGET = join(HERE, "../../public/docs/reference");

installNested(HERE, "Scalar is");

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
const built = join(PACKAGE, "dist/browser");
// The module and its parts; the same in one file, and the maps, nobody loads.
cpSync(join(built, "chunks"), join(TARGET, "chunks"), {
  recursive: true,
  filter: (file) => !file.endsWith(".map"),
});
cpSync(join(built, "standalone.esm.js"), join(TARGET, "standalone.esm.js"));
console.log("The API reference is in public/docs/reference.");
