/** A pasted list of users is read as whoever pasted it means it. */
import { assert, describe, it } from "@effect/vitest";
import { asLine, parseLines } from "../../../console/screens/lines.ts";
import { storesOf } from "../../../console/screens/stores.ts";

describe("a pasted list", () => {
  it.each([
    ["ada@flip.example", [{ email: "ada@flip.example" }]],
    [
      "ada@flip.example, Ada Lovelace, Analytical Engines",
      [{ email: "ada@flip.example", name: "Ada Lovelace", organisation: "Analytical Engines" }],
    ],
    ["ada@flip.example\tAda Lovelace", [{ email: "ada@flip.example", name: "Ada Lovelace" }]],
    ["ada@flip.example\tLovelace, Ada", [{ email: "ada@flip.example", name: "Lovelace, Ada" }]],
    ["ada@flip.example; Lovelace, Ada", [{ email: "ada@flip.example", name: "Lovelace, Ada" }]],
    [
      'ada@flip.example, "Lovelace, Ada", "Analytical Engines"',
      [{ email: "ada@flip.example", name: "Lovelace, Ada", organisation: "Analytical Engines" }],
    ],
    [
      "ada@flip.example, Ada, Engines, London",
      [{ email: "ada@flip.example", name: "Ada", organisation: "Engines, London" }],
    ],
    ['"Ada Lovelace" <ada@flip.example>', [{ email: "ada@flip.example", name: "Ada Lovelace" }]],
    [
      "\n ada@flip.example;Ada \r\n\nbob@flip.example\n",
      [{ email: "ada@flip.example", name: "Ada" }, { email: "bob@flip.example" }],
    ],
  ])("is read line by line: %j", (text, users) => {
    assert.deepStrictEqual(parseLines(text), users);
    assert.deepStrictEqual(parseLines(users.map(asLine).join("\n")), users);
  });
});

describe("what either store has of an operation", () => {
  const operation = {
    operationId: "1",
    kind: "register",
    email: null,
    userId: null,
    caller: null,
    startedAt: "2026-11-28T12:00:00Z",
    closedAt: null,
    tries: 0,
    needsOperator: false,
    lastError: null,
    next: { what: "", at: null },
  };
  const sure = (state: string, more: object = {}) =>
    storesOf({ ...operation, state, ...more }).map((store) => store.sure);

  it("is said to be in doubt wherever Cognito's answer is missing, and never to be nothing", () => {
    for (const state of ["started", "rolling_back", "pending"]) assert.strictEqual(sure(state)[0], "doubt");
    assert.strictEqual(sure("rolled_back", { graceUntil: "2026-11-28T13:00:00Z" })[0], "doubt");
  });

  it("is said to be nothing only where it is certain", () => {
    assert.deepStrictEqual(sure("rolled_back"), ["neutral", "neutral"]);
    assert.deepStrictEqual(sure("completed"), ["done", "done"]);
  });
});
