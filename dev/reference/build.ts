/**
 * `npm run build:docs`: puts Scalar's API reference into public/docs/reference, which git does not keep. It is a package of
 * this folder's own package.json, and is installed here: with all that it needs it is larger than the project.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const HERE = import.meta.dirname;
const PACKAGE = join(HERE, "node_modules/@scalar/api-reference");
const TARGET = join(HERE, "../../public/docs/reference");

const versionIn = (file: string): string | undefined => {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { version?: string }).version;
  } catch {
    return undefined;
  }
};

const { devDependencies } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8")) as {
  devDependencies: Record<string, string>;
};

if (versionIn(join(PACKAGE, "package.json")) !== devDependencies["@scalar/api-reference"]) {
  console.log("Scalar is installed below dev/reference …");
  const args = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
  const { status } = spawnSync("npm", args, { cwd: HERE, stdio: "inherit" });
  if (status !== 0) {
    console.error('Scalar could not be installed. Run "npm ci" in dev/reference to see why.');
    process.exit(1);
  }
}

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
