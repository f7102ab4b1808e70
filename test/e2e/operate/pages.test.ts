/** A deployment that knows its address: problems name their pages, and somebody is told of a vulnerability. */
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../../src/http/problems.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { exchange } from "../../support/http.ts";

const PUBLIC_URL = "https://registrar.hospital.test";
const fixture = useWorker({
  ...patient,
  PUBLIC_URL,
  SECURITY_CONTACT: "mailto:security@hospital.test",
});

const get = (path: string, method = "GET") => exchange(fixture.worker.url, { method, path }).answer;

describe("the type of a problem", () => {
  it.each([
    ["GET", "/api/users", "not-authenticated"],
    ["GET", "/api/nothing", "not-found"],
    ["PATCH", "/api/users", "method-not-allowed"],
  ])("of %s %s is the address of the page of %s", async (method, path, name) => {
    const { json } = await get(path, method);
    expect(json.type).toBe(`${PUBLIC_URL}/problems/${name}`);
    const page = await get(new URL(String(json.type)).pathname);
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.text).toContain(`<code>${String(json.code)}</code>`);
  });
});

describe("every problem", () => {
  it("has a page without a script, and the index links to it", async () => {
    const { text } = await get("/problems/");
    for (const code of Object.keys(PROBLEMS)) {
      const path = `/problems/${code.replaceAll("_", "-")}`;
      const page = await get(path);
      expect([path, page.status, page.text.includes("<script")]).toEqual([path, 200, false]);
      expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'self';/);
      expect(text).toContain(`<a href="${path}">`);
    }
  });
});

describe("/.well-known/security.txt", () => {
  it("names the contact and the address, and expires in the future, in less than a year (RFC 9116)", async () => {
    const { status, headers, text } = await get("/.well-known/security.txt");
    expect([status, headers["content-type"]]).toEqual([200, "text/plain; charset=UTF-8"]);
    const fields = Object.fromEntries(
      text
        .trim()
        .split("\n")
        .map((line) => line.split(": ")),
    );
    expect(fields).toMatchObject({
      Contact: "mailto:security@hospital.test",
      Canonical: `${PUBLIC_URL}/.well-known/security.txt`,
    });
    const days = (Date.parse(fields.Expires) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(30);
    expect(days).toBeLessThan(365);
  });
});
