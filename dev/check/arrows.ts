/**
 * `npm run check:arrows`: which room of src/ may know which, what the commands of cli/ may know of it, that neither they nor
 * dev/ know test/, and that the console knows nothing but itself. By folder: a new file is kept by the rule of its folder.
 *
 * Every way to name another module counts: an import, of types only or not, a re-export, `import()`, `require()`, the
 * type `import("…").T`, `declare module "…"` and a reference comment. An address that is computed cannot be judged, and
 * is refused.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";

/** What a room may know: other rooms of src/, and packages. Itself and what is stable of effect it always may. */
interface Rule {
  readonly rooms: ReadonlyArray<string>;
  readonly packages: RegExp;
}

const MAY: Readonly<Record<string, Rule>> = {
  domain: { rooms: [], packages: /^$/ },
  ports: { rooms: ["domain"], packages: /^$/ },
  programs: { rooms: ["ports", "domain"], packages: /^$/ },
  http: { rooms: ["programs", "ports", "domain"], packages: /^hono(\/|$)/ },
  // A folder of adapters/ without a rule of its own follows this one. No adapter knows another's folder.
  adapters: { rooms: ["adapters", "ports", "domain"], packages: /^$/ },
  // The hash of signatures is the platform's.
  "adapters/cognito": {
    rooms: ["adapters", "ports", "domain"],
    packages: /^(@aws-sdk\/client-cognito-|node:crypto$)/,
  },
  "adapters/jose": { rooms: ["adapters", "ports", "domain"], packages: /^jose$/ },
  "adapters/workers": { rooms: ["adapters", "ports", "domain"], packages: /^cloudflare:workers$/ },
  "adapters/neon": { rooms: ["adapters", "ports", "domain"], packages: /^@neondatabase\// },
  "adapters/pg": { rooms: ["adapters", "ports", "domain"], packages: /^pg(-connection-string)?$/ },
  "adapters/rds": { rooms: ["adapters", "ports", "domain"], packages: /^@aws-sdk\/rds-signer$/ },
  // Settings are read before there is anything to wait for, and a name-based UUID needs a hash.
  settings: { rooms: ["ports", "domain"], packages: /^node:crypto$/ },
  layers: { rooms: ["adapters", "adapters/*", "ports", "domain"], packages: /^$/ },
  app: { rooms: ["layers", "http", "programs", "ports", "domain"], packages: /^hono(\/|$)/ },
  handlers: { rooms: ["layers", "app", "settings", "http", "programs", "ports", "domain"], packages: /^$/ },
  entry: {
    rooms: ["handlers", "layers", "app", "settings", "http", "programs", "ports", "domain"],
    packages: /^$/,
  },
  // The entry for Node, Bun and Deno, and what only it has. No other entry may know it.
  server: {
    rooms: ["handlers", "layers", "settings", "http", "programs", "ports", "domain"],
    packages: /^(node:|@hono\/node-server$|hono(\/|$))/,
  },
};

/** The rooms, for a message. */
const ARROWS = "entries → layers, app → http → programs → ports → domain; adapters → ports";

const index = readFileSync(fileURLToPath(import.meta.resolve("effect")).replace(/js$/, "d.ts"), "utf8");
const namesOf = (pattern: RegExp) => [...index.matchAll(pattern)].map(([, name = ""]) => name);

/** The modules that effect's index marks as unstable: they may change in a minor version. */
const UNSTABLE = new Set(namesOf(/@stability unstable\n[^/]*\*\/\nexport \* as (\w+)/g));

/** The modules that effect's index has, and does not mark. */
const STABLE = new Set(namesOf(/export \* as (\w+)/g).filter((name) => !UNSTABLE.has(name)));

/** A module that another names, and where. Without a specifier: the address is computed. */
interface Named {
  readonly specifier: string | undefined;
  readonly start: number;
}

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

/** The text of a string, or of a template that computes nothing. */
const textOf = (node: Node): string | undefined => {
  if (typeof node.value === "string") return node.value;
  if (node.type !== "TemplateLiteral") return undefined;
  const [only, ...more] = node.quasis as ReadonlyArray<{ readonly value: { readonly cooked: string } }>;
  return more.length === 0 ? only?.value.cooked : undefined;
};

/** The part of a node that names another module. */
const sourceOf = (node: Node): unknown => {
  const type = String(node.type);
  if (/^(Import|Export(Named|All))(Declaration|Expression)$/.test(type)) return node.source;
  if (type === "TSImportType") return node.source ?? node.argument;
  if (type === "TSExternalModuleReference") return node.expression;
  if (type === "TSModuleDeclaration" && isNode(node.id) && node.id.type === "Literal") return node.id;
  const calls = type === "CallExpression" && isNode(node.callee) && node.callee.name === "require";
  return calls ? (node.arguments as ReadonlyArray<unknown>)[0] : undefined;
};

/** Every module that a file names, in whatever way; a sentence where it cannot be read. */
const namesIn = (file: string, text: string): ReadonlyArray<Named> | string => {
  const { program, comments, errors } = parseSync(file, text);
  if (errors[0] !== undefined) return errors[0].message;
  const named: Array<Named> = [];
  const walk = (node: unknown): void => {
    if (!isNode(node)) return;
    const source = sourceOf(node);
    if (isNode(source)) named.push({ specifier: textOf(source), start: Number(source.start) });
    for (const value of Object.values(node)) walk(value);
  };
  walk(program);
  for (const { value, start } of comments) {
    const specifier = /^\/\s*<reference\s+(?:path|types)=["'](.+?)["']/.exec(value)?.[1];
    if (specifier !== undefined) named.push({ specifier, start });
  }
  return named;
};

/** The room of a file below src/: its folder, or for a file of src/ itself what it is. */
const roomOf = (file: string): string => {
  const [folder = "", inner = ""] = dirname(file).split("/");
  if (folder === ".")
    return ["settings", "app", "handlers", "server"].find((name) => file === `${name}.ts`) ?? "entry";
  return folder === "adapters" && inner !== "" ? `adapters/${inner}` : folder;
};

/** `adapters/*`: any folder of adapters/. */
const isOneOf = (room: string, allowed: ReadonlyArray<string>): boolean =>
  allowed.includes(room) || allowed.includes(`${dirname(room)}/*`);

/** Why a file of src/ must not name a module. */
const whyNot = (file: string, specifier: string): string | undefined => {
  const room = roomOf(file);
  const may = MAY[room] ?? MAY[dirname(room)];
  if (may === undefined) return `${room} is no room of src/ (${ARROWS})`;
  // A bundle holds the whole of every module that is taken out of the index.
  if (specifier === "effect")
    return 'take each module from below effect/: import * as Effect from "effect/Effect"';
  if (specifier.startsWith("effect/"))
    return STABLE.has(specifier.slice("effect/".length)) ? undefined : "effect does not call it stable";
  if (!specifier.startsWith("."))
    return may.packages.test(specifier) ? undefined : "this room does not know that package";
  const target = relative("src", join("src", dirname(file), specifier));
  if (target.startsWith("..")) return "src/ knows nothing outside";
  const other = roomOf(target);
  if (other === "entry") return "nothing knows an entry, and no file stands for a folder";
  return other === room || isOneOf(other, may.rooms) ? undefined : `the arrows are ${ARROWS}`;
};

/** What the commands of cli/ know of src/: the settings, and programs with what they need. */
const CLI_ROOMS: ReadonlyArray<string> = ["layers", "settings", "programs", "ports", "domain"];

/** What a browser loads for the console besides its own files. */
const CONSOLE_PACKAGES = /^hono\/jsx(\/dom)?$/;

/** Why a file outside src/ must not name a module. `path`: below the root. */
const whyNotOutside = (path: string, specifier: string): string | undefined => {
  if (path.startsWith("console/")) {
    const own = specifier.startsWith(".") && join(dirname(path), specifier).startsWith("console/");
    return own || CONSOLE_PACKAGES.test(specifier)
      ? undefined
      : "the console knows the API, and no other code";
  }
  if (!specifier.startsWith(".")) return undefined;
  const target = join(dirname(path), specifier);
  const [folder = "", from = ""] = [target, path].map((one) => one.split("/")[0]);
  if (folder === "test") return `${from}/ knows nothing of test/`;
  if (from !== "cli") return undefined;
  if (folder === "dev") return "cli/ knows nothing of dev/";
  const room = folder === "src" ? roomOf(relative("src", target)) : undefined;
  return room === undefined || CLI_ROOMS.includes(room)
    ? undefined
    : `cli/ knows of src/ the rooms ${CLI_ROOMS.join(", ")}`;
};

/** What is wrong with one file, a sentence each. `path`: below the root, in src/, cli/, dev/ or console/. */
export const wrongIn = (path: string, text: string): ReadonlyArray<string> => {
  const named = namesIn(path, text);
  if (typeof named === "string") return [`${path}: cannot be parsed: ${named}`];
  const file = path.replace(/^\w+\//, "");
  const inSource = path.startsWith("src/");
  return named.flatMap(({ specifier, start }) => {
    // Tools load files by computed addresses; src/ has no reason to.
    if (specifier === undefined && !inSource) return [];
    const why =
      specifier === undefined
        ? "an address that is computed cannot be checked"
        : inSource
          ? whyNot(file, specifier)
          : whyNotOutside(path, specifier);
    if (why === undefined) return [];
    const line = text.slice(0, start).split("\n").length;
    return [
      `${path}:${line}: ${inSource ? roomOf(file) : path.split("/")[0]} must not import ${specifier ?? "that"}: ${why}`,
    ];
  });
};

/** What is wrong in a tree that has the folders src/, cli/, dev/ and console/, a sentence each. */
export const wrongArrows = (root: string): ReadonlyArray<string> =>
  globSync("{src,cli,dev,console}/**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}", {
    cwd: root,
    exclude: ["**/node_modules"],
  })
    .sort()
    .flatMap((path) => wrongIn(path, readFileSync(join(root, path), "utf8")));

if (import.meta.main) {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname, "../.."));
  const wrong = wrongArrows(root);
  for (const sentence of wrong) console.error(sentence);
  if (wrong.length === 0) console.log("Every import follows the arrows.");
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
