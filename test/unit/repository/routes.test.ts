/** No route is left out: what a file of src/http/routes declares is in the list. */
import { readdirSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { routes } from "../../../src/http/routes/all.ts";

const files = readdirSync("src/http/routes").filter((file) => file !== "all.ts");

describe("the list of routes", () => {
  it.each(files)("has every route of %s", async (file) => {
    const module = (await import(`../../../src/http/routes/${file}`)) as Record<string, unknown>;
    const declared = Object.values(module);
    assert.isNotEmpty(declared);
    for (const route of declared) assert.isTrue(routes.some((listed) => listed === route));
  });

  it("has no two routes of one name, nor of one method and path", () => {
    assert.strictEqual(new Set(routes.map(({ id }) => id)).size, routes.length);
    assert.strictEqual(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size, routes.length);
  });
});
