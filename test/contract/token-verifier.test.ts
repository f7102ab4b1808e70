/** The token verifier on jose, against a key server on a real socket: which tokens it takes, and for how long without it. */
import { createServer, type Server } from "node:http";
import { afterAll, afterEach, assert, beforeAll, describe, it, vi } from "@effect/vitest";
import { Effect, Layer, ManagedRuntime } from "effect";
import { accessClaims, publicJwk, sign256 } from "../../dev/tokens.ts";
import { TokenVerifierJose } from "../../src/adapters/jose/token-verifier.ts";
import { Settings } from "../../src/ports/settings.ts";
import { TokenVerifier } from "../../src/ports/token-verifier.ts";
import { readSettings } from "../../src/settings.ts";
import { bindings } from "../simulation/memory/memory.ts";

const sub = "4f1c3a3e-8d6b-4c67-9a52-0f6d7f2b1c11";
let server: Server;
let isUp = true;
let asked = 0;
let issuer = "";

beforeAll(async () => {
  server = createServer((_, response) => {
    asked += 1;
    response.writeHead(isUp ? 200 : 500).end(JSON.stringify({ keys: [publicJwk] }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}/pool`;
});
afterAll(() => new Promise((done) => server.close(done)));
afterEach(() => {
  vi.useRealTimers();
  isUp = true;
});

/** A fresh verifier of one deployment: nothing is cached. Answers "ok", a machine's id, or the failure's name. */
const verifier = (overrides: Record<string, string> = {}) => {
  const settings = readSettings({ ...bindings, TOKEN_ISSUER: issuer, ...overrides });
  const runtime = ManagedRuntime.make(TokenVerifierJose.pipe(Layer.provide(Settings.layer(settings))));
  return (claims: object = {}, header: Record<string, unknown> = {}) => {
    const token = sign256({ ...accessClaims(issuer, "client", sub), ...claims }, header);
    const verified = Effect.gen(function* () {
      const { verify } = yield* TokenVerifier;
      return yield* verify(`Bearer ${token}`);
    });
    return runtime.runPromise(
      verified.pipe(
        Effect.map(({ sub, isMachine }) => (isMachine ? sub : "ok")),
        Effect.catch((error) => Effect.succeed("reason" in error ? error.reason : error._tag)),
      ),
    );
  };
};

const now = () => Math.floor(Date.now() / 1000);

describe("a token", () => {
  it("may have been issued up to thirty seconds ahead of our clock; its end is exact", async () => {
    const verify = verifier();
    assert.strictEqual(await verify({ iat: now() + 20 }), "ok");
    assert.strictEqual(await verify({ iat: now() + 40 }), "invalid");
    assert.strictEqual(await verify({ exp: now() - 1 }), "expired");
  });

  it("names its key, even where the pool has only one", async () => {
    const verify = verifier();
    assert.strictEqual(await verify(), "ok");
    assert.strictEqual(await verify({}, { kid: undefined }), "invalid");
  });

  it("is one of any app client that the deployment names, and of no other", async () => {
    const verify = verifier({ AWS_COGNITO_APP_CLIENT_ID: "web, cli,client" });
    assert.strictEqual(await verify({ client_id: "cli" }), "ok");
    assert.strictEqual(await verify({ client_id: "web" }), "ok");
    for (const client_id of ["web, cli", "web,cli", "", "w", undefined])
      assert.strictEqual(await verify({ client_id }), "invalid");
  });
});

describe("a token without a user", () => {
  const machine = "ce4767a6-e988-5b7d-870e-67db7ae67bc4";
  const cli = "1b3ee685-6e8d-58f8-9f40-c813e8a97805";
  const ofClient = (client: string) => ({ sub: client, client_id: client, username: undefined });

  it("is a machine's, where its subject is the app client: its id follows from pool and client", async () => {
    const verify = verifier({ AWS_COGNITO_APP_CLIENT_ID: "client,cli" });
    assert.strictEqual(await verify(ofClient("client")), machine);
    assert.strictEqual(await verify(ofClient("cli")), cli);
  });

  it("is no machine's with a user name, or with the subject of another client", async () => {
    const verify = verifier({ AWS_COGNITO_APP_CLIENT_ID: "client,cli" });
    for (const claims of [
      { ...ofClient("client"), username: "client" },
      { ...ofClient("client"), username: "" },
      { ...ofClient("client"), username: null },
      { ...ofClient("client"), sub: "cli" },
      { ...ofClient("client"), sub: "CLIENT" },
    ])
      assert.strictEqual(await verify(claims), "bad subject", JSON.stringify(claims));
    for (const claims of [ofClient("other"), { ...ofClient("client"), token_use: "id" }])
      assert.strictEqual(await verify(claims), "invalid");
    assert.strictEqual(await verify({ ...ofClient("client"), sub: undefined }), "invalid");
  });
});

describe("the pool's keys", () => {
  const HOUR_MS = 3_600_000;
  const later = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);

  it("are kept for hours while their server is down", async () => {
    const verify = verifier();
    const long = { exp: now() + 100 * 3600 };
    assert.strictEqual(await verify(long), "ok");
    vi.useFakeTimers({ toFake: ["Date"] });
    isUp = false;
    for (let hours = 0; hours < 10; hours += 2) {
      later(2 * HOUR_MS);
      assert.strictEqual(await verify(long), "ok", `after ${hours + 2} hours`);
    }
    later(3 * HOUR_MS);
    assert.strictEqual(await verify(long), "SigningKeysUnavailable");
  });

  it("are read again behind an answer once they are some minutes old, and not more often", async () => {
    const verify = verifier();
    const long = { exp: now() + 100 * 3600 };
    await verify(long);
    vi.useFakeTimers({ toFake: ["Date"] });
    const before = asked;
    later(60_000);
    await verify(long);
    assert.strictEqual(asked, before);
    later(6 * 60_000);
    await verify(long);
    await vi.waitFor(() => assert.strictEqual(asked, before + 1));
    await verify(long);
    assert.strictEqual(asked, before + 1);
  });
});
