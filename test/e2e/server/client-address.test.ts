/** Whom the rate limit of clients counts, with a proxy in front of the server and without one. */
import { describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { exchange } from "../../support/http.ts";
import { chosenRuntime, startServer } from "../../support/server.ts";

const fixture = useWorker(patient);
const LIMIT = 2;

/** How often clients are refused that say they are these, one after the other. */
const refusals = async (proxies: number, said: ReadonlyArray<string>): Promise<number> => {
  const env = {
    ...fixture.stack.workerEnv(),
    ...patient,
    CLIENT_REQUESTS_PER_MINUTE: String(LIMIT),
    TRUST_PROXY: String(proxies),
  };
  const server = await startServer({ runtime: chosenRuntime() ?? "node", env });
  try {
    const statuses: Array<number> = [];
    for (const address of said) {
      const headers = { "X-Forwarded-For": address, "CF-Connecting-IP": address };
      statuses.push(
        (await exchange(server.url, { method: "GET", path: "/api/health", headers }).answer).status,
      );
    }
    return statuses.filter((status) => status === 429).length;
  } finally {
    await server.stop();
  }
};

describe("the rate limit of clients", () => {
  it("counts connections without a proxy: nobody escapes by a header", async () => {
    const said = ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"];
    expect(await refusals(0, said)).toBe(said.length - LIMIT);
  });

  it("counts what the proxy wrote behind one, and not what the client did", async () => {
    expect(await refusals(1, ["203.0.113.1", "203.0.113.2", "203.0.113.3"])).toBe(0);
    expect(
      await refusals(1, ["198.51.100.1, 203.0.113.1", "198.51.100.2, 203.0.113.1", "x, 203.0.113.1"]),
    ).toBe(1);
  });
});
