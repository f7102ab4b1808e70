/** What the Workers are made of: each has its own way to Postgres, and nothing that only a process of its own needs. */
import { readFile } from "node:fs/promises";
import { assert, describe, it } from "@effect/vitest";

/** The packages and the files of src/ that a built Worker holds code of. */
const partsOf = async (folder: string): Promise<ReadonlyArray<string>> => {
  const meta = JSON.parse(await readFile(`${folder}/meta.json`, "utf8")) as {
    outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
  };
  return Object.values(meta.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.replace(/^.*?(?=node_modules\/|src\/)/, ""));
};

const DRIVERS = {
  neon: /^node_modules\/@neondatabase\/|^src\/adapters\/neon\//,
  pg: /^node_modules\/pg(-[\w-]+)?\/|^src\/adapters\/pg\//,
};
const SERVER =
  /^node_modules\/(@aws-sdk\/rds-signer|@hono\/node-server)\/|^src\/(server|adapters\/(rds|memory))\b|\/pg\/pool\.ts$/;

describe.each([
  [".dev/build", DRIVERS.neon, DRIVERS.pg],
  [".dev/build-hyperdrive", DRIVERS.pg, DRIVERS.neon],
])("the Worker in %s", (folder, own, others) => {
  it("holds its own driver, and not the other one", async () => {
    const parts = await partsOf(folder);
    assert.isTrue(parts.some((part) => own.test(part)));
    assert.deepStrictEqual(
      parts.filter((part) => others.test(part)),
      [],
    );
  });

  it("holds nothing that only a process of its own needs", async () => {
    assert.deepStrictEqual(
      (await partsOf(folder)).filter((part) => SERVER.test(part)),
      [],
    );
  });
});
