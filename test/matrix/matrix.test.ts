/**
 * The failure matrix: every remote call of a registration and of a change, hit by every fault, ends as is promised in
 * docs/failure-matrix.md and in changes.ts, and nothing is left for anybody to remember.
 */
import { describe, expect, it } from "vitest";
import { backgroundScenes } from "./background.ts";
import { cellsOf } from "./cell.ts";
import { changeProofs } from "./changes.ts";
import { prove, useLanes } from "./engine.ts";
import { groups } from "./pairs.ts";
import { proofOf } from "./registrations.ts";
import { requestScenes } from "./requests.ts";
import { standingProofs } from "./standing.ts";
import { document, readDocument, whole } from "./table.ts";

useLanes();

describe("a registration: one fault at a time", () => {
  prove([...requestScenes, ...backgroundScenes].flatMap(cellsOf).map(proofOf));
});

for (const { name, cells } of groups)
  describe(`a registration: faults that meet: ${name.toLowerCase()}`, () => {
    prove(cells.map(proofOf));
  });

for (const { name, proofs } of changeProofs)
  describe(`a change: ${name}`, () => {
    prove(proofs);
  });

for (const { name, proofs } of standingProofs)
  describe(`who asks, about whom, and when: ${name}`, () => {
    prove(proofs);
  });

describe("the document", () => {
  it(`${document} shows the table that these cells are: node test/matrix/table.ts --write`, async () => {
    expect((await readDocument()).between).toBe(whole());
  });
});
