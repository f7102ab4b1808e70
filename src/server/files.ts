/**
 * The files of public/, as the static assets of Workers serve them: the same addresses, methods and headers, those of
 * `_headers` among them. They are read once, so that no request reaches the disk.
 * https://developers.cloudflare.com/workers/static-assets/headers/
 * https://developers.cloudflare.com/workers/static-assets/routing/advanced/html-handling/
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { getMimeType } from "hono/utils/mime";

/** What says how the others are served, and is not served itself. */
const HEADERS_FILE = "_headers";

/** One line of `_headers`: a header that is set, or with `null` one that is taken away. */
type Line = readonly [name: string, value: string | null];

/** The lines of `_headers` for the paths that fit. */
interface Rule {
  readonly path: RegExp;
  readonly lines: ReadonlyArray<Line>;
}

/** Whether a path is one of a rule's; `*` stands for anything. */
const pathPattern = (path: string): RegExp => {
  const parts = path.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
};

const parseLine = (text: string, number: number): Line => {
  const taken = /^!\s*([\w-]+)$/.exec(text)?.[1];
  if (taken !== undefined) return [taken, null];
  const [, name, value] = /^([\w-]+):\s*(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined || value.includes(":splat"))
    throw new Error(`${HEADERS_FILE}, line ${number}: is no header that the server can send`);
  return [name, value];
};

/**
 * Reads `_headers`. What the server cannot do as Workers do it (placeholders, whole URLs) is refused, and a path that
 * stands there twice, of which Workers would take the last.
 */
const parseHeaders = (text: string): ReadonlyArray<Rule> => {
  const rules: Array<{ path: RegExp; lines: Array<Line> }> = [];
  const seen = new Set<string>();
  for (const [index, line] of text.split("\n").entries()) {
    const words = line.trim();
    if (words === "" || words.startsWith("#")) continue;
    const rule = rules.at(-1);
    if (/^\s/.test(line) && rule !== undefined) rule.lines.push(parseLine(words, index + 1));
    else if (/^\/[^:]*$/.test(words) && !seen.has(words)) {
      rules.push({ path: pathPattern(words), lines: [] });
      seen.add(words);
    } else throw new Error(`${HEADERS_FILE}, line ${index + 1}: is no path that the server can serve`);
  }
  return rules;
};

/** What the rules make of the headers: what one sets replaces what is there; what two set stands there twice. */
const applyRules = (headers: Headers, path: string, rules: ReadonlyArray<Rule>): Headers => {
  const set = new Set<string>();
  for (const [name, value] of rules.filter((rule) => rule.path.test(path)).flatMap(({ lines }) => lines)) {
    if (value === null) headers.delete(name);
    else if (set.has(name.toLowerCase())) headers.append(name, value);
    else headers.set(name, value);
    set.add(name.toLowerCase());
  }
  return headers;
};

interface Served {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
}

/** What stands at an address: a file, or the address that the file has instead of this one. */
type Found = { readonly file: string } | { readonly address: string } | undefined;

/**
 * A page has one address, without `.html`: `/problems/user-exists` is `/problems/user-exists.html`, and `/problems/` is
 * `/problems/index.html`. Every other spelling leads there, as Workers' `html_handling = "auto-trailing-slash"` has it.
 */
const find = (path: string, has: (file: string) => boolean): Found => {
  const page = path.replace(/(?:\/index(?:\.html)?|\.html|\/)$/, "");
  const [alone, inFolder] = [`${page}.html`, `${page}/index.html`];
  if (has(path) && !path.endsWith(".html")) return { file: path };
  const folder = { file: inFolder, address: `${page}/` };
  const single = { file: alone, address: page };
  const candidates = /\/(?:index(?:\.html)?)?$/.test(path) ? [folder, single] : [single, folder];
  const own = candidates.find(({ file, address }) => address === path && has(file));
  if (own !== undefined) return { file: own.file };
  const other = candidates.find(({ file, address }) => has(file) && !has(address));
  return other && { address: other.address };
};

/** As Workers name them: the encoding is said of what is text, and nothing of what they do not know. */
const typeOf = (path: string): Readonly<Record<string, string>> => {
  const type = getMimeType(path);
  if (type === undefined) return {};
  return { "Content-Type": type.startsWith("text/") ? type : type.replace(/;.*/, "") };
};

const readFile = (folder: string, file: string): [path: string, served: Served] => {
  const path = `/${relative(folder, file).split(sep).join("/")}`;
  const bytes = new Uint8Array(readFileSync(file));
  const headers = new Headers({
    ...typeOf(path),
    "Cache-Control": "public, max-age=0, must-revalidate",
    ETag: `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`,
  });
  return [path, { bytes, headers }];
};

/** Whether what a client has already is what it would get (RFC 9110, section 13.1.2). */
const isKnown = (request: Request, etag: string): boolean => {
  const known = request.headers.get("If-None-Match") ?? "";
  return known === "*" || known.split(",").some((one) => one.trim().replace(/^W\//, "") === etag);
};

/** Reads a folder. Answers a request for one of its files; undefined for every other. */
export const makeFiles = (folder: string) => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const rulesFile = files.find((file) => relative(folder, file) === HEADERS_FILE);
  const rules = rulesFile === undefined ? [] : parseHeaders(readFileSync(rulesFile, "utf8"));
  const served = new Map(files.filter((file) => file !== rulesFile).map((file) => readFile(folder, file)));

  return (request: Request): Response | undefined => {
    const { pathname: path, search } = new URL(request.url);
    const found = find(path, (file) => served.has(file));
    if (found === undefined) return undefined;
    if (request.method !== "GET" && request.method !== "HEAD")
      return new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } });
    if ("address" in found) {
      const headers = applyRules(new Headers({ Location: found.address + search }), path, rules);
      return new Response(null, { status: 307, headers });
    }
    const { bytes, headers: own } = served.get(found.file) as Served;
    const headers = applyRules(new Headers(own), path, rules);
    if (isKnown(request, own.get("ETag") ?? "")) return new Response(null, { status: 304, headers });
    headers.set("Content-Length", String(bytes.byteLength));
    return new Response(request.method === "HEAD" ? null : bytes, { headers });
  };
};
