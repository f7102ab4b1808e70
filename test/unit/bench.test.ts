/** The arithmetic of the bench, and the document that it writes. */
import { assert, describe, it } from "@effect/vitest";
import { inSequence } from "../../bench/latency.ts";
import { quantile, ratios, spreadOf, written } from "../../bench/numbers.ts";
import { section, withPart } from "../../bench/report.ts";
import { inTurn } from "../../bench/subjects.ts";

const call = (began: number, ended: number) => ({ name: "a", began, ended });

describe("the bench", () => {
  it("counts as in sequence only calls that begin when the one before has ended", () => {
    assert.strictEqual(inSequence([]), 0);
    assert.strictEqual(inSequence([call(0, 10), call(10, 20), call(21, 30)]), 3);
    assert.strictEqual(inSequence([call(0, 10), call(1, 9), call(5, 30)]), 1);
    assert.strictEqual(inSequence([call(0, 30), call(0, 10), call(12, 20), call(22, 29)]), 3);
  });

  it("takes the middle of its rounds, and shows the least and the most of them", () => {
    assert.deepStrictEqual(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 });
    assert.strictEqual(spreadOf([4, 1, 2, 3]).median, 2.5);
    assert.strictEqual(written(spreadOf([1, 2, 300]), " ms"), "2.00 ms (1.00 to 300)");
    assert.strictEqual(quantile([1, 2, 3, 4], 0.99), 4);
  });

  it("compares two subjects round by round", () => {
    assert.deepStrictEqual(ratios([2, 9], [1, 3]), [2, 3]);
  });

  it("lets nobody always come first", () => {
    assert.deepStrictEqual(inTurn(["ours", "plain"], 0), ["ours", "plain"]);
    assert.deepStrictEqual(inTurn(["ours", "plain"], 1), ["plain", "ours"]);
  });

  it("says of a target that is missed that it is, and leaves parts that were not run as they were", () => {
    const part = { name: "worker", title: "In the Worker" };
    const rows = [
      { figure: "a", value: "2 ×", target: "≤ 1 ×", met: false },
      { figure: "b", value: "1", target: "" },
    ];
    const text = section(part, rows, "here");
    assert.include(text, "| a | 2 × | ≤ 1 × | **no** |  |");
    assert.include(text, "| b | 1 |  |  |  |");
    const first = withPart("# Results\n", { name: "other", title: "" }, "kept");
    const second = withPart(withPart(first, part, "old"), part, "new");
    assert.include(second, "kept");
    assert.include(second, "new");
    assert.notInclude(second, "old");
  });
});
