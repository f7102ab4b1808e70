/** Traces: what the platform records of a request, where it is asked to, and that no span of ours names a person. */
import { afterEach, describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { ask } from "../../support/life.ts";
import { quiet } from "../../support/moments.ts";
import { type SpanRow, spansOf, startWorker, type Worker } from "../../support/worker.ts";

const fixture = useWorker(patient);

let worker: Worker | undefined;
afterEach(() => worker?.stop());

const email = "person+traced@flip.example";

/** Registers a user, lets a commit be refused, looks the user up by query, and asks as nobody. */
async function life(settings: Record<string, string>): Promise<ReadonlyArray<SpanRow>> {
  const { stack } = fixture;
  worker = await startWorker(stack, { ...patient, ...settings }, { traced: true });
  const there = { stack, worker };
  expect((await worker.register({ email, name: "Somebody Traced", roles: [] })).status).toBe(200);
  await quiet(stack);
  stack.faults.set([{ target: "database", match: "=ledger.commit", answer: "error", code: "23514" }]);
  expect((await worker.register({ email: "other@flip.example", roles: [] })).status).toBe(500);
  stack.faults.clear();
  const found = await ask(there, `GET /api/users?email=${encodeURIComponent(email)}`);
  expect(found.status).toBe(200);
  expect((await ask(there, "GET /api/users", { token: "x" })).status).toBe(401);
  await worker.sweep();
  return whole(worker);
}

/** The spans, once every request has its own: the platform writes them down a moment after the answer. */
async function whole(traced: Worker): Promise<ReadonlyArray<SpanRow>> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    const spans = await spansOf(traced);
    const ids = new Set(spans.map(({ span_id }) => span_id));
    const roots = spans.filter(({ parent_id }) => parent_id === null);
    const isWhole = spans.every(({ parent_id }) => parent_id === null || ids.has(parent_id));
    if (isWhole && roots.length >= 5) return spans;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("the platform has not written down every span");
}

/** A span's names, from its request down to itself. */
const pathOf = (span: SpanRow, spans: ReadonlyArray<SpanRow>): string => {
  const parent = spans.find(
    ({ trace_id, span_id }) => trace_id === span.trace_id && span_id === span.parent_id,
  );
  return parent === undefined ? span.name : `${pathOf(parent, spans)} > ${span.name}`;
};

const attributesOf = ({ attributes }: SpanRow): Record<string, unknown> =>
  JSON.parse(attributes ?? "{}") ?? {};

describe("the traces", () => {
  it("put each remote call below the statement or the command that it is, and those below their program", async () => {
    const spans = await life({ TRACES: "on" });
    const paths = spans.map((span) => pathOf(span, spans));
    for (const path of [
      "POST > request > authenticate > TokenVerifier.verify > fetch",
      "POST > request > registerUser > register > open > Ledger.open > Database.query > fetch",
      "POST > request > registerUser > register > create > IdentityProvider.create > fetch",
      "POST > request > registerUser > register > register.commit > Ledger.commit > Database.queryAlone > fetch",
    ])
      expect(paths).toContain(path);
    expect(
      paths.filter(
        (path) =>
          path.endsWith("> fetch") &&
          !/(?:Database|IdentityProvider|Directory|Cognito|TokenVerifier)\.\w+ > fetch$/.test(path),
      ),
    ).toEqual([]);

    const of = (name: string) => spans.filter((span) => span.name === name);
    expect(of("Database.query").map((span) => attributesOf(span).statement)).toContain("ledger.open");
    expect(of("request").map(attributesOf)).toContainEqual({ route: "/api/users", method: "POST" });
    expect(
      of("Ledger.commit")
        .map(({ error }) => error)
        .sort(),
    ).toEqual(["DatabaseError: ", null]);
    expect(of("sweep").length).toBe(1);
  });

  it("hold no address, name, id, token or provider's text, but for what the platform itself writes down of a URL", async () => {
    const spans = await life({ TRACES: "on" });
    const ours = spans.filter(({ name, parent_id }) => parent_id !== null && name !== "fetch");
    const text = JSON.stringify(ours.map(({ name, error, attributes }) => [name, error, attributes]));
    expect(text).not.toMatch(/@|%40|flip\.example|Somebody|eyJ|[0-9a-f]{8}-[0-9a-f]{4}-|violates|23514/);
    const known = new Set(ours.flatMap((span) => Object.keys(attributesOf(span))));
    expect([...known].sort()).toEqual(["method", "route", "statement"]);
    // The query is the platform's to leave out (redact_query_string); the path is not.
    const urls = spans.map((span) => String(attributesOf(span)["url.full"] ?? ""));
    expect(urls.map((url) => url.split("?")[0]).join(" ")).not.toMatch(/@|%40/);
  });

  it("are not there where TRACES is not on: the platform's own spans have none of ours among them", async () => {
    const spans = await life({});
    expect(
      new Set(spans.map(({ name }) => name).filter((name) => /^[A-Za-z]+\.|^request$|^sweep$/.test(name))),
    ).toEqual(new Set());
  });
});
