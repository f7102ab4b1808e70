/** A provider that sends back what it was sent: none of it is in the log, and no line is long. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { patient, useWorker } from "../../support/fixture.ts";
import { startWorker, type Worker } from "../../support/worker.ts";

const fixture = useWorker(patient);
const email = "new.user@flip.example";
const secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";
const sessionToken = "IQoJb3JpZ2luX2VjEFQaCWV1+token/value==";

let server: Server;
let worker: Worker;
let received = "";
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    received = JSON.stringify({
      headers: request.headers,
      body,
      password: { TemporaryPassword: "Hun ter2!" },
    });
    const message = [received, encodeURIComponent(received), secretKey, received.repeat(400)].join(" ");
    response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ __type: "InvalidParameterException", message }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  worker = await startWorker(fixture.stack, {
    ...patient,
    COGNITO_ENDPOINT: `http://127.0.0.1:${port}`,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_SESSION_TOKEN: sessionToken,
  });
});
afterAll(async () => {
  await worker.stop();
  server.close();
});

describe("the log of a provider that echoes", () => {
  it("has no signature, no key, no password and no address, and no line is long", async () => {
    const answer = await worker.register({ email, roles: [] });
    expect(answer.json.code).toBe("create_refused");
    expect(received).toContain("Signature=");
    expect(received).toContain(sessionToken);
    const line = worker.logs().find(({ level }) => level === "Error");
    expect(JSON.stringify(line)).toContain("InvalidParameterException");
    const written = worker.text();
    for (const secret of ["Signature", "AWS4-HMAC", sessionToken, secretKey, "IQoJ", "Hun ter2", email])
      expect(written).not.toContain(secret);
    expect(written).not.toMatch(/new\.user|flip(?:\.|%2E)example/i);
    expect(Math.max(...written.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(16_000);
  });
});
