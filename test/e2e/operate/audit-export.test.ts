/** `GET /api/audit` for archives: NDJSON and CSV, whole, however many rows there are. */
import { describe, expect, it } from "vitest";
import { roles } from "../../../dev/seed.ts";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask, tokenOf } from "../../support/life.ts";
import { quiet } from "../../support/moments.ts";

const fixture = useWorker(patient);
const audit = (query: string, headers: Record<string, string> = {}) =>
  ask(fixture, `GET /api/audit${query}`, { headers });

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly subject: string;
}

/** That many rows, several at each time. */
const write = (count: number) =>
  fixture.stack.query<{ id: string }>(
    `insert into users_audit
     select gen_random_uuid(), 'Updated "x", y', gen_random_uuid(), gen_random_uuid(),
       timestamp '2026-05-01' + make_interval(secs => n / 7)
     from generate_series(1, $1) n returning id`,
    [count],
  );

const HEAD =
  "at (UTC),actor,actor email,action,subject,subject email,roles before,roles after,denials,first denial (UTC),last denial (UTC),id";

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
    expect([head, lines.length]).toEqual([HEAD, 1100]);
    const time = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d";
    const uuid = "[0-9a-f-]{36}";
    const line = new RegExp(
      `^"${time}","${uuid}","","Updated ""x"", y","${uuid}","","","","","","","(${uuid})"$`,
    );
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

  it("reads as a table: times in UTC, addresses that the ledger knows, roles by their names", async () => {
    const { stack } = fixture;
    const body = { email: "new.user@flip.example", roles: [roles.observer, roles.researcher] };
    const { json } = await ask(fixture, "POST /api/step/users", { body });
    await quiet(stack);
    await ask(fixture, `POST /api/users/${json.userId}/roles`, { body: { roles: [roles.admin] } });
    const of = tokenOf(stack, json.userId);
    await ask(fixture, `POST /api/users/${json.userId}/roles`, {
      token: of,
      body: { roles: [roles.observer] },
    });
    const calls = stack.faults.calls().length;
    const [, latest, earlier, granted] = (await audit("?format=csv&action=Updated user roles")).text.split(
      "\r\n",
    );
    expect(
      stack.faults
        .calls()
        .slice(calls)
        .filter(({ target }) => target === "cognito"),
    ).toEqual([]);
    const { text } = await audit("?format=ndjson&action=Updated user roles");
    const [first, second, third] = ofNdjson(text) as unknown as [Entry, Entry, Entry];
    const line = ({ at, actor, subject, id }: Entry, email: string, before: string, after: string) =>
      [
        at.slice(0, 19).replace("T", " "),
        actor,
        email,
        "Updated user roles",
        subject,
        body.email,
        before,
        after,
        "",
        "",
        "",
        id,
      ]
        .map((cell) => `"${cell}"`)
        .join(",");
    expect([latest, earlier, granted]).toEqual([
      line(first, body.email, "Admin", "Observer"),
      line(second, "", "Observer; Researcher", "Admin"),
      line(third, "", "", "Observer; Researcher"),
    ]);
    expect(first.actor).toBe(json.userId);
    expect(second.actor).toBe(stack.adminSub);
  });

  it("neutralises what other people called a role, and shows the id of one that is gone", async () => {
    const { stack } = fixture;
    const [gone, odd, user] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    await stack.query("insert into roles values ($1, '=HYPERLINK(1)', '', now(), now())", [odd]);
    const id = crypto.randomUUID();
    await stack.query("insert into users_audit values ($1, 'Updated user roles', $2, $2, now())", [id, user]);
    await stack.query(
      "insert into registrar.role_change (id, caller, subject, before, after, at) values ($1, $2, $2, $3, $4, now())",
      [id, user, [odd], [odd, gone]],
    );
    const [, row] = (await audit("?format=csv")).text.split("\r\n");
    expect(row).toContain(`,"'=HYPERLINK(1)","'=HYPERLINK(1); ${gone}","","","","${id}"`);
    const [entry] = (await audit("")).json.items;
    expect(entry.roles.after).toEqual([
      { id: odd, rolename: "=HYPERLINK(1)" },
      { id: gone, rolename: null },
    ]);
  });

  it("is an empty table where nothing matches", async () => {
    await write(3);
    expect((await audit("?format=csv&action=none")).text).toBe(`${HEAD}\r\n`);
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
