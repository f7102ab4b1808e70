/** The check of the Workers' size: what it tells of a bundle, and when it fails. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import {
  BUDGET_KIB,
  type Bundle,
  bundle,
  partsOf,
  sizeIn,
  describe as told,
  tooLarge,
} from "../../../dev/check/bundle.ts";

const ofSize = (size: number): Bundle => ({ entry: "src/worker.ts", size, parts: [] });

describe("the check of the Workers' size", () => {
  it("adds up what each package brings, the largest first, and counts the rest as source", () => {
    const inputs = {
      "node_modules/effect/dist/Effect.js": { bytesInOutput: 300 },
      "node_modules/effect/dist/Layer.js": { bytesInOutput: 200 },
      "node_modules/@aws-sdk/core/node_modules/@smithy/core/index.js": { bytesInOutput: 900 },
      "node_modules/hono/dist/index.js": { bytesInOutput: 0 },
      "../src/app.ts": { bytesInOutput: 7 },
    };
    assert.deepStrictEqual(
      partsOf({ outputs: { "worker.js": { inputs }, "worker.js.map": { inputs: {} } } }),
      [
        { name: "@smithy/core", bytes: 900 },
        { name: "effect", bytes: 500 },
        { name: "src", bytes: 7 },
      ],
    );
  });

  it("reads the compressed size that wrangler tells, and takes no other for it", () => {
    assert.strictEqual(sizeIn("Total Upload: 674.39 KiB / gzip: 220.87 KiB\n"), 220.87);
    assert.throws(() => sizeIn("Total Upload: 674.39 KiB\n"));
  });

  it("is content with the budget, and not with more", () => {
    assert.deepStrictEqual(tooLarge([ofSize(BUDGET_KIB)]), []);
    assert.deepStrictEqual(tooLarge([ofSize(BUDGET_KIB + 0.1)]), [
      `src/worker.ts is ${(BUDGET_KIB + 0.1).toFixed(1)} KiB compressed, more than the budget of ${BUDGET_KIB} KiB`,
    ]);
  });

  it("finds a planted dependency in what wrangler would deploy, by its name", async () => {
    const tree = mkdtempSync(join(tmpdir(), "bundle-"));
    try {
      const planted = join(tree, "node_modules/planted");
      for (const folder of [planted, join(tree, "src"), join(tree, "node_modules/.bin")])
        mkdirSync(folder, { recursive: true });
      symlinkSync(resolve("node_modules/.bin/wrangler"), join(tree, "node_modules/.bin/wrangler"));
      writeFileSync(join(tree, "wrangler.toml"), 'name = "planted"\ncompatibility_date = "2026-11-17"\n');
      writeFileSync(join(planted, "package.json"), '{ "name": "planted", "main": "index.js" }');
      // Random text does not compress: each byte is worth six bits.
      const bytes = crypto.getRandomValues(new Uint8Array(30_000));
      const text = Buffer.from(bytes).toString("base64");
      writeFileSync(join(planted, "index.js"), `export const planted = "${text}";`);
      writeFileSync(
        join(tree, "src/worker.ts"),
        'import { planted } from "planted"; export default { fetch: () => new Response(planted) };',
      );
      const built = await bundle(tree, "src/worker.ts");
      assert.match(told(built).join("\n"), /^src\/worker\.ts: .*\n +39\.\d KiB {2}planted\n/);
      assert.strictEqual(tooLarge([built], 20).length, 1);
      assert.strictEqual(tooLarge([built], 40).length, 0);
    } finally {
      rmSync(tree, { recursive: true });
    }
  });
});
