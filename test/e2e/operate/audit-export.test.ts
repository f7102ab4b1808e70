/** `GET /api/audit` for archives: NDJSON and CSV, whole, however many rows there are. */
import { describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask } from "../../support/life.ts";

const fixture = useWorker(patient);
const audit = (query: string, headers: Record<string, string> = {}) =>
  ask(fixture, `GET /api/audit${query}`, { headers });

/** That many rows, several at each time. */
const write = (count: number) =>
  fixture.stack.query<{ id: string }>(
    `insert into users_audit
     select gen_random_uuid(), 'Updated "x", y', gen_random_uuid(), gen_random_uuid(),
       timestamp '2026-05-01' + make_interval(secs => n / 7)
     from generate_series(1, $1) n returning id`,
    [count],
  );

const ids = (rows: ReadonlyArray<{ id: string }>) => rows.map(({ id }) => id).sort();
const ofNdjson = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string });

describe("200", () => {
  for (const count of [0, 1, 499, 500, 501, 1200])
    it(`writes all of ${count} rows as NDJSON, each once`, async () => {
      const written = await write(count);
      const answer = await audit("?format=ndjson");
      expect(answer.headers["content-type"]).toBe("application/x-ndjson");
      if (count === 0) return expect(answer.text).toBe("");
      expect(answer.text.endsWith("\n")).toBe(true);
      expect(ids(ofNdjson(answer.text))).toEqual(ids(written));
    });

  it("writes all rows as CSV (RFC 4180), with a head, every value quoted", async () => {
    const written = await write(1100);
    const answer = await audit("?format=csv");
    expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
    expect(answer.headers["content-disposition"]).toBe('attachment; filename="audit.csv"');
    const [head, ...lines] = answer.text.trimEnd().split("\r\n");
    expect([head, lines.length]).toEqual(["at,actor,action,subject,id", 1100]);
    const line = /^"[\d:.TZ-]{27}","[0-9a-f-]{36}","Updated ""x"", y","[0-9a-f-]{36}","([0-9a-f-]{36})"$/;
    expect(lines.map((one) => one.match(line)?.[1] ?? one).sort()).toEqual(ids(written));
  });

  it("gives a spreadsheet no formula: a cell that would begin one begins with an apostrophe", async () => {
    for (const action of ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a=1"])
      await fixture.stack.query(
        "insert into users_audit values (gen_random_uuid(), $1, gen_random_uuid(), gen_random_uuid(), now())",
        [action],
      );
    const text = (await audit("?format=csv")).text;
    for (const cell of ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "a=1"])
      expect(text).toContain(`,"${cell}",`);
  });

  it("is an empty table where nothing matches", async () => {
    await write(3);
    expect((await audit("?format=csv&action=none")).text).toBe("at,actor,action,subject,id\r\n");
  });

  it("chooses the format by Accept, and the parameter wins", async () => {
    await write(1);
    expect((await audit("", { Accept: "text/csv" })).headers["content-type"]).toContain("text/csv");
    expect((await audit("", { Accept: "application/x-ndjson" })).headers["content-type"]).toContain("ndjson");
    expect((await audit("?format=json", { Accept: "text/csv" })).json.items.length).toBe(1);
    expect((await audit("", { Accept: "*/*" })).json.items.length).toBe(1);
  });

  it("filters as the pages do, and neither skips nor repeats while rows are written", async () => {
    const written = await write(1300);
    const { stack } = fixture;
    stack.faults.before("database", "audit.page", async () => {
      await stack.query(
        "insert into users_audit values (gen_random_uuid(), 'late', gen_random_uuid(), gen_random_uuid(), now())",
      );
    });
    const found = ofNdjson((await audit("?format=ndjson&from=2026-05-01&until=2026-05-02")).text);
    expect(ids(found)).toEqual(ids(written));
  });
});

describe("a page that cannot be read", () => {
  it("503 where it is the first", async () => {
    fixture.stack.faults.set([{ target: "database", match: "audit.page", answer: "reset" }]);
    expect((await audit("?format=csv")).status).toBe(503);
  });

  it("breaks the body off where it is a later one: nobody takes a part for the whole", async () => {
    const { stack } = fixture;
    await write(1200);
    let pages = 0;
    stack.faults.before("database", "audit.page", () => {
      pages += 1;
      if (pages === 2) stack.faults.set([{ target: "database", match: "audit.page", answer: "reset" }]);
    });
    await expect(audit("?format=ndjson")).rejects.toThrow();
  });
});
