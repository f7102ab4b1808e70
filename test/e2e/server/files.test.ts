/** The files of public/: the server answers for them as the static assets of Workers do. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFiles } from "../../../src/server/files.ts";
import { useWorker } from "../../support/fixture.ts";
import { exchange } from "../../support/http.ts";

const folder = mkdtempSync(join(tmpdir(), "files-"));

/** More kinds of files, and of rules, than public/ has today. */
const MORE = {
  "page.txt": "text",
  "app/app.js": "export {};",
  "app/style.css": "a {}",
  "app/mark.svg": "<svg/>",
  "app/data.bin": "\u0000",
  ".well-known/security.txt": "Contact: mailto:security@example.org",
  "folder/index.html": "<p>folder</p>",
  "folder/page.html": "<p>page</p>",
  "both.html": "<p>both, alone</p>",
  "both/index.html": "<p>both, a folder</p>",
  "both/index": "a file without a kind",
};

/** Where somebody may look for a page. */
const SPELLINGS = [
  "/",
  "/index",
  "/index.html",
  "/index.html?a=b",
  ...["folder", "folder/page", "both", "none", "page.txt", "both/index"].flatMap((name) =>
    ["", "/", ".html", "/index", "/index.html", "?a=b&c", "/?a"].map((end) => `/${name}${end}`),
  ),
];

const RULES = `
# A comment.
/f*
  X-Everywhere: yes
/folder/*
  ! X-Everywhere
  X-Folder: yes
/folder/
  X-Everywhere: again
/app/*
  X-Frame-Options: DENY
  Cache-Control: public, max-age=60
/app/app.js
  ! X-Frame-Options
  X-Twice: one
/*.js
  X-Twice: two
  Content-Security-Policy: default-src 'self'
`;

let miniflare: Miniflare;
let workers: string;

beforeAll(async () => {
  cpSync("public", folder, { recursive: true });
  for (const [path, text] of Object.entries(MORE)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  writeFileSync(join(folder, "_headers"), RULES, { flag: "a" });
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: `export default { fetch: () => new Response("the Worker", { status: 404 }) };`,
      assets: { directory: folder, routerConfig: { has_user_worker: true } },
      compatibilityDate: "2026-11-17",
      cf: false,
      host: "127.0.0.1",
      port: 0,
      log: new Log(LogLevel.NONE),
    }),
  );
  workers = (await miniflare.ready).origin;
});
afterAll(async () => {
  await miniflare.dispose();
  rmSync(folder, { recursive: true });
});

/** What a client sees, without what each platform adds of its own or may choose. */
const seen = (status: number, headers: Headers, text: string) => {
  const own = [
    "etag",
    "cf-cache-status",
    "date",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
  ];
  const rest = [...headers].filter(([name]) => !own.includes(name) && !(status === 405 && name === "allow"));
  return { status, headers: Object.fromEntries(rest), text, tagged: headers.has("etag") };
};

const atWorkers = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(`${workers}${path}`, {
    redirect: "manual",
    headers: { "Accept-Encoding": "identity" },
    ...init,
  });
  return seen(answer.status, answer.headers, await answer.text());
};

const files = () => makeFiles(folder);

const atServer = async (path: string, init: RequestInit = {}) => {
  const answer = files()(new Request(`http://localhost${path}`, init));
  if (answer === undefined) {
    const headers = { "content-type": "text/plain;charset=UTF-8" };
    return { status: 404, headers, text: "the Worker", tagged: false };
  }
  return seen(answer.status, answer.headers, await answer.text());
};

/** Every file but the pages, which have other addresses. */
const paths = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "_headers" && !entry.name.endsWith(".html"))
    .map((entry) => `/${join(entry.parentPath, entry.name).slice(folder.length + 1)}`);

describe("a file", () => {
  it("has the status, the headers and the text that it has on Workers", async () => {
    for (const path of paths()) expect([path, await atServer(path)]).toEqual([path, await atWorkers(path)]);
  });

  it("that is a page has one address, to which every other spelling leads as on Workers", async () => {
    for (const path of SPELLINGS) expect([path, await atServer(path)]).toEqual([path, await atWorkers(path)]);
    expect(await atServer("/folder/page")).toMatchObject({ status: 200, text: "<p>page</p>" });
    expect(await atServer("/folder/page.html")).toMatchObject({ headers: { location: "/folder/page" } });
  });

  it("has no text for HEAD, and is refused with 405 for every other method", async () => {
    for (const path of paths()) {
      expect((await atServer(path, { method: "HEAD" })).text).toBe("");
      expect((await atServer(path, { method: "HEAD" })).headers).toEqual((await atServer(path)).headers);
      expect(await atServer(path, { method: "POST" })).toMatchObject({
        status: (await atWorkers(path, { method: "POST" })).status,
      });
    }
  });

  it("is not sent again to whom it has not changed for", async () => {
    const first = files()(new Request("http://localhost/page.txt"));
    const etag = first?.headers.get("ETag") ?? "";
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await atServer("/page.txt", { headers: { "If-None-Match": known } });
      expect([known, again.status, again.text]).toEqual([known, 304, ""]);
    }
    expect((await atServer("/page.txt", { headers: { "If-None-Match": '"other"' } })).status).toBe(200);
  });

  it("is none of another folder, and the rules are no file", async () => {
    for (const path of [
      "/_headers",
      "/../package.json",
      "/%2e%2e/package.json",
      "/..%2fpackage.json",
      "/console",
      "/folder//page",
      "//folder/page",
    ])
      expect([path, files()(new Request(`http://localhost${path}`))]).toEqual([path, undefined]);
  });

  it.each([
    "https://example.org/*\n  X: y",
    "/:name\n  X: y",
    "  X: y",
    "/a\n  nothing",
    "/a/*\n  X: :splat",
    "/a\n/a",
  ])("is not served by a rule that the server cannot keep: %j", (rules) => {
    const other = mkdtempSync(join(tmpdir(), "rules-"));
    writeFileSync(join(other, "_headers"), rules);
    try {
      expect(() => makeFiles(other)).toThrow(/_headers, line [12]/);
    } finally {
      rmSync(other, { recursive: true });
    }
  });
});

describe("the server", () => {
  const fixture = useWorker();

  it("serves every file of public/, by GET and HEAD", async () => {
    const { url } = fixture.worker;
    const read = makeFiles("public");
    for (const entry of readdirSync("public", { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name === "_headers") continue;
      const path = `/${join(entry.parentPath, entry.name).slice("public/".length)}`.replace(
        /(?:index)?\.html$/,
        "",
      );
      const expected = read(new Request(`http://localhost${path}`));
      const text = (await expected?.text()) ?? "";
      for (const method of ["GET", "HEAD"]) {
        const answer = await exchange(url, { method, path }).answer;
        expect([path, answer.status, answer.text]).toEqual([path, 200, method === "GET" ? text : ""]);
        for (const name of [
          "content-type",
          "access-control-allow-origin",
          "x-content-type-options",
          "cache-control",
        ])
          expect(answer.headers[name] ?? null).toBe(expected?.headers.get(name) ?? null);
      }
    }
  });
});
