/**
 * `npm run check:arrows`: which room of src/ may know which. By folder: a new file is kept by the rule of its folder.
 *
 * Every way to name another module counts: an import, of types only or not, a re-export, `import()`, and the type
 * `import("…").T`.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";

/** What each room may know: other rooms of src/, and packages. Itself and effect it always may. */
const MAY: Readonly<Record<string, { readonly rooms: ReadonlyArray<string>; readonly packages: RegExp }>> = {
  domain: { rooms: [], packages: /^$/ },
  ports: { rooms: ["domain"], packages: /^$/ },
  programs: { rooms: ["ports", "domain"], packages: /^$/ },
  http: { rooms: ["programs", "ports", "domain"], packages: /^hono(\/|$)/ },
  adapters: { rooms: ["ports", "domain"], packages: /^$/ },
  "adapters/cognito": { rooms: ["adapters", "ports", "domain"], packages: /^@aws-sdk\// },
  "adapters/jose": { rooms: ["adapters", "ports", "domain"], packages: /^jose$/ },
  "adapters/neon": { rooms: ["adapters", "ports", "domain"], packages: /^@neondatabase\// },
  "adapters/postgres": { rooms: ["adapters", "ports", "domain"], packages: /^$/ },
  settings: { rooms: ["ports", "domain"], packages: /^$/ },
  layers: { rooms: ["adapters", "ports", "domain"], packages: /^$/ },
  app: { rooms: ["layers", "http", "programs", "ports", "domain"], packages: /^hono(\/|$)/ },
  entry: { rooms: ["layers", "app", "settings", "http", "programs", "ports", "domain"], packages: /^$/ },
};

/** The rooms, for a message. */
const ARROWS = "entries → layers, app → http → programs → ports → domain; adapters → ports";

/** A module that another names, and where. */
interface Named {
  readonly specifier: string;
  readonly line: number;
}

/** The room of a file below src/: its folder, or for a file of src/ itself what it is. */
const roomOf = (file: string): string => {
  const folder = dirname(file);
  if (folder === ".") return ["settings", "layers", "app"].find((name) => file === `${name}.ts`) ?? "entry";
  const nested = folder.split("/").slice(0, 2).join("/");
  return nested in MAY ? nested : (folder.split("/")[0] ?? "");
};

/** `adapters/neon` belongs to `adapters`. */
const belongsTo = (room: string, allowed: string): boolean =>
  room === allowed || room.startsWith(`${allowed}/`);

/** Every module that a file names, in whatever way. */
const namesIn = (file: string, text: string): ReadonlyArray<Named> => {
  const named: Array<Named> = [];
  const note = (source: unknown) => {
    if (typeof source !== "object" || source === null || !("value" in source) || !("start" in source)) return;
    const line = text.slice(0, Number(source.start)).split("\n").length;
    named.push({ specifier: String(source.value), line });
  };
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, source, argument, expression } = node as Record<string, unknown>;
    if (/^(Import|Export(Named|All))(Declaration|Expression)$/.test(String(type))) note(source);
    if (type === "TSImportType") note(source ?? (argument as { literal?: unknown }).literal ?? argument);
    if (type === "TSExternalModuleReference") note(expression);
    for (const value of Object.values(node)) walk(value);
  };
  walk(parseSync(file, text).program);
  return named;
};

const judge = (file: string, { specifier, line }: Named): string | undefined => {
  const room = roomOf(file);
  const may = MAY[room];
  const at = `src/${file}:${line}: ${room} must not import ${specifier}`;
  if (may === undefined) return `${at}: ${room} is no room of src/ (${ARROWS})`;
  if (!specifier.startsWith(".")) {
    // What effect calls unstable, and may change in a minor version, it exports below `effect/`.
    if (specifier.startsWith("effect/")) return `${at}: that part of effect is unstable`;
    return specifier === "effect" || may.packages.test(specifier)
      ? undefined
      : `${at}: this room does not know that package`;
  }
  const target = relative("src", join("src", dirname(file), specifier));
  if (target.startsWith("..")) return `${at}: src/ knows nothing outside`;
  const other = roomOf(target);
  return belongsTo(other, room) || may.rooms.some((allowed) => belongsTo(other, allowed))
    ? undefined
    : `${at}: the arrows are ${ARROWS}`;
};

/** What is wrong with one file, a sentence each. `file`: below src/. */
export const wrongIn = (file: string, text: string): ReadonlyArray<string> =>
  namesIn(file, text).flatMap((named) => judge(file, named) ?? []);

/** What is wrong in a tree that has a folder src/, a sentence each. */
export const wrongArrows = (root: string): ReadonlyArray<string> =>
  globSync("**/*.ts", { cwd: join(root, "src") })
    .sort()
    .flatMap((file) => wrongIn(file, readFileSync(join(root, "src", file), "utf8")));

if (import.meta.main) {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname, "../.."));
  const wrong = wrongArrows(root);
  for (const sentence of wrong) console.error(sentence);
  if (wrong.length === 0) console.log("Every import follows the arrows.");
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
