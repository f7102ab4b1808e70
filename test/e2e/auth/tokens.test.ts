/**
 * Hostile tokens. Each is refused with 401, FLIP's sentence and a challenge that helps no attacker, and no provider
 * is asked anything but the public keys.
 */
import { createHmac, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import type { Answer } from "../../support/http.ts";
import { expectProblem } from "../../support/problem.ts";
import { expectUntouched } from "../../support/stores.ts";

const fixture = useWorker(patient);
const body = { email: "new.user@flip.example", roles: [] };
const invalid = "Could not validate credentials";
const now = () => Math.floor(Date.now() / 1000);

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claims = () => JSON.parse(Buffer.from(good().split(".")[1] ?? "", "base64url").toString());
const header = () => JSON.parse(Buffer.from(good().split(".")[0] ?? "", "base64url").toString());
const good = () => fixture.stack.signToken();
const signed = (changes?: Record<string, unknown>, head?: Record<string, unknown>) =>
  fixture.stack.signToken(changes, head);

/** A token of somebody's own key, under a header of their choice. */
const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 });
const forged = (head: Record<string, unknown>) => {
  const text = `${part({ ...header(), ...head })}.${part(claims())}`;
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), foreign.privateKey).toString("base64url")}`;
};

const hmac = (secret: string | Buffer) => {
  const text = `${part({ ...header(), alg: "HS256" })}.${part(claims())}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
};
const publicKey = () => createPublicKey({ key: fixture.stack.publicJwk as never, format: "jwk" });

const tampered = (changes: Record<string, unknown>) => {
  const [head, , signature] = good().split(".");
  return `${head}.${part({ ...claims(), ...changes })}.${signature}`;
};

const hostile: Record<string, [token: () => string, detail?: string]> = {
  "no algorithm": [() => `${part({ ...header(), alg: "none" })}.${part(claims())}.`],
  "no algorithm, in another case": [() => `${part({ ...header(), alg: "nOnE" })}.${part(claims())}.`],
  "the public key (PEM) as an HMAC secret": [
    () => hmac(publicKey().export({ type: "spki", format: "pem" }) as string),
  ],
  "the public key (DER) as an HMAC secret": [() => hmac(publicKey().export({ type: "spki", format: "der" }))],
  "another RSA algorithm": [() => signed({}, { alg: "RS512" })],
  "a key of its own under our kid": [() => forged({})],
  "an unknown kid": [() => signed({}, { kid: "another" })],
  "a kid that is a path": [() => signed({}, { kid: "../../../../dev/null" })],
  "a kid that is no string": [() => signed({}, { kid: 7 })],
  "a key of its own in the header": [() => forged({ jwk: foreign.publicKey.export({ format: "jwk" }) })],
  "an unknown critical header": [() => signed({}, { crit: ["exp-in-a-day"], "exp-in-a-day": true })],
  "b64 switched off": [() => signed({}, { crit: ["b64"], b64: false })],
  "another issuer": [() => signed({ iss: "https://cognito-idp.eu-west-2.amazonaws.com/eu-west-2_other" })],
  "our issuer with a slash": [() => signed({ iss: `${fixture.stack.issuer}/` })],
  "a list of issuers": [() => signed({ iss: [fixture.stack.issuer] })],
  "no issuer": [() => signed({ iss: undefined })],
  "another client": [() => signed({ client_id: "another" })],
  "no client": [() => signed({ client_id: undefined, aud: fixture.stack.clientId })],
  "an id token": [() => signed({ token_use: "id" })],
  "no use": [() => signed({ token_use: undefined })],
  "no expiry": [() => signed({ exp: undefined })],
  "an expiry that is a text": [() => signed({ exp: "never" })],
  "an expiry just passed": [() => signed({ exp: now() - 1 }), "Token has expired"],
  "an expiry of yesterday": [() => signed({ exp: now() - 86_400 }), "Token has expired"],
  "a start in the future": [() => signed({ nbf: now() + 60 })],
  "an issue in the future": [() => signed({ iat: now() + 60 })],
  "a changed subject": [() => tampered({ sub: crypto.randomUUID() })],
  "a longer life": [() => tampered({ exp: now() + 86_400 })],
  "a changed signature": [() => good().replace(/.{8}$/, "AAAAAAAA")],
  "no signature": [() => `${good().split(".").slice(0, 2).join(".")}.`],
  "two segments": [() => good().split(".").slice(0, 2).join(".")],
  "five segments": [() => `${good()}.${good().split(".").slice(1).join(".")}`],
  "two signatures": [
    () => {
      const [head, payload, signature] = good().split(".");
      const entry = { protected: head, signature };
      return Buffer.from(JSON.stringify({ payload, signatures: [entry, entry] })).toString("base64url");
    },
  ],
  "a subject that is no UUID": [() => signed({ sub: "admin" }), "Invalid user identifier format"],
  "a subject in another form of UUID": [
    () => signed({ sub: `{${fixture.stack.adminSub}}` }),
    "Invalid user identifier format",
  ],
  "no subject": [() => signed({ sub: undefined })],
  "an empty subject": [() => signed({ sub: "" }), "Token missing user identifier"],
  "no username": [() => signed({ username: undefined }), "Token missing username claim"],
  "a jti that is no string": [() => signed({ jti: 7 })],
  "a payload that is no object": [
    () => {
      const text = `${part(header())}.${part("admin")}`;
      return `${text}.${sign("RSA-SHA256", Buffer.from(text), foreign.privateKey).toString("base64url")}`;
    },
  ],
  "nothing in it that is a token": [() => "a.b.c"],
  "eight thousand characters": [() => "x".repeat(8000)],
};

const expectRefused = (answer: Answer, detail: string) => {
  const missing = detail === "Not authenticated";
  expectProblem(answer, { status: 401, code: missing ? "not_authenticated" : "invalid_token", detail });
  const challenge = 'Bearer realm="registrar"';
  expect(answer.headers["www-authenticate"]).toBe(
    missing ? challenge : `${challenge}, error="invalid_token"`,
  );
};

describe("401", () => {
  for (const [what, [token, detail]] of Object.entries(hostile))
    it(`refuses a token with ${what}`, async () => {
      const answer = await fixture.worker.register(body, { token: token() });
      expectRefused(answer, detail ?? invalid);
      await expectUntouched(fixture.stack);
    });

  it("fetches no key from where a token's jku and x5u point", async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.end(JSON.stringify({ keys: [foreign.publicKey.export({ format: "jwk" })] }));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/jwks.json`;
    for (const head of [{ jku: url }, { x5u: url }, { jku: url, kid: "theirs" }])
      expectRefused(await fixture.worker.register(body, { token: forged(head) }), invalid);
    await new Promise((done) => server.close(done));
    expect(asked).toBe(0);
    await expectUntouched(fixture.stack);
  });

  it("asks for a token where there is none: no header, another scheme, no credentials", async () => {
    const { worker } = fixture;
    expectRefused(await worker.register(body, { token: null }), "Not authenticated");
    for (const Authorization of [
      "",
      "Bearer",
      "Bearer ",
      "Basic YWRtaW46YWRtaW4=",
      good(),
      `Token ${good()}`,
    ])
      expectRefused(await worker.register(body, { headers: { Authorization } }), "Not authenticated");
    await expectUntouched(fixture.stack);
  });

  it("judges the token before the body: without a good token nobody learns anything about it", async () => {
    for (const more of [
      { body: "{" },
      { body: "x".repeat(70_000) },
      { headers: { "Content-Type": "text/plain" } },
    ])
      expectRefused(
        await fixture.worker.send({ method: "POST", path: "/api/users/", body: "{}", ...more }),
        "Not authenticated",
      );
    await expectUntouched(fixture.stack);
  });

  it("takes the scheme in any case", async () => {
    for (const scheme of ["bearer", "BEARER"]) {
      const answer = await fixture.worker.register(
        { ...body, email: `${scheme.toLowerCase()}${scheme.length}${scheme === "BEARER"}@flip.example` },
        { headers: { Authorization: `${scheme} ${fixture.stack.adminToken}` } },
      );
      expect(answer.status).toBe(200);
    }
  });
});
