/** README.md shows the four pastes as `npm run dev` prints them where nobody has chosen other ports. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { addressesAt, DEFAULT_PORT, pastes } from "../../../dev/pastes.ts";

const readme = readFileSync("README.md", "utf8");

describe("README.md", () => {
  it.each([...pastes(addressesAt(DEFAULT_PORT))])("has the paste: $title", ({ command }) => {
    assert.include(readme, `\`\`\`sh\n${command}\n\`\`\`\n`);
  });
});
