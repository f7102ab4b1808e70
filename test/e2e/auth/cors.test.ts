/** Which pages may call the API: those that the deployment names, and no others. */
import { describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { expectUntouched } from "../../support/stores.ts";

const page = "https://flip.example";
const preflight = (Origin: string) => ({
  method: "OPTIONS",
  path: "/api/users/",
  headers: {
    Origin,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
  },
});

describe("a deployment that names an origin", () => {
  const fixture = useWorker({ ...patient, CORS_ORIGINS: `${page}, https://admin.flip.example` });

  it("answers its preflight without a token, and exposes what a client needs", async () => {
    const { headers, status } = await fixture.worker.send(preflight(page));
    expect(status).toBe(204);
    expect(headers["access-control-allow-origin"]).toBe(page);
    expect(headers["access-control-allow-methods"]).toContain("POST");
    for (const name of ["authorization", "content-type", "idempotency-key", "if-match"])
      expect(headers["access-control-allow-headers"]?.toLowerCase()).toContain(name);
    expect(headers.vary).toMatch(/origin/i);
    await expectUntouched(fixture.stack);
  });

  it("lets it read answers and refusals", async () => {
    const body = { email: "new.user@flip.example", roles: [] };
    const good = await fixture.worker.register(body, { headers: { Origin: page } });
    const bad = await fixture.worker.register(body, { headers: { Origin: page }, token: null });
    expect([good.status, bad.status]).toEqual([200, 401]);
    for (const { headers } of [good, bad]) {
      expect(headers["access-control-allow-origin"]).toBe(page);
      const exposed = headers["access-control-expose-headers"];
      for (const name of [
        "Operation-Id",
        "Retry-After",
        "Idempotency-Replayed",
        "X-Request-Id",
        "Content-Disposition",
        "ETag",
      ])
        expect(exposed).toContain(name);
    }
  });

  it("names no other origin: a foreign one, a prefix, null", async () => {
    for (const origin of ["https://evil.example", `${page}.evil.example`, "http://flip.example", "null"]) {
      const { headers } = await fixture.worker.send(preflight(origin));
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });
});

describe("a deployment that names none", () => {
  const fixture = useWorker(patient);

  it("lets no page of another origin read anything", async () => {
    const { headers } = await fixture.worker.send(preflight(page));
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    const options = { headers: { Origin: page }, token: null };
    const refused = await fixture.worker.register({}, options);
    expect(refused.headers["access-control-allow-origin"]).toBeUndefined();
  });
});
