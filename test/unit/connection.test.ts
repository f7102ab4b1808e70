/** How a connection string is read: encrypted and checked, unless it says otherwise in as many words. */
import { assert, describe, it } from "@effect/vitest";
import { connectionOf } from "../../src/adapters/pg/connection.ts";
import { rdsPassword } from "../../src/adapters/rds/password.ts";
import { DRIVERS } from "../../src/ports/settings.ts";
import { readSettings } from "../../src/settings.ts";
import { bindings } from "../simulation/memory/memory.ts";

const at = (host: string, query = "") => connectionOf(`postgresql://user:pass%40word@${host}/flip${query}`);

describe("a connection", () => {
  it.each(["", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca", "?sslmode=verify-full"])(
    "to another machine checks the certificate and whose it is: %j",
    (query) => {
      assert.deepEqual(at("db.hospital.example:6432", query).ssl, {});
    },
  );

  it.each(["localhost", "127.0.0.1:5433", "[::1]"])("to this machine (%s) needs no TLS", (host) => {
    assert.strictEqual(at(host).ssl, false);
    assert.deepEqual(at(host, "?sslmode=verify-full").ssl, {});
  });

  it("is not encrypted where the string says so", () => {
    assert.strictEqual(at("db.hospital.example", "?sslmode=disable").ssl, false);
  });

  it("trusts the system's certificates, or those of a file", () => {
    assert.deepEqual(at("db.hospital.example", "?sslrootcert=system").ssl, {});
    const { ssl } = at("db.hospital.example", "?sslmode=require&sslrootcert=package.json");
    assert.include((ssl as { ca: string }).ca, '"name": "registrar"');
  });

  it("goes to the socket of a file system where the string names one", () => {
    const { host, ssl } = at("localhost", "?host=/var/run/postgresql");
    assert.deepEqual([host, ssl], ["/var/run/postgresql", false]);
  });

  it("has its parts from the string, and none from the environment of the process", () => {
    process.env.PGSSLMODE = "no-verify";
    process.env.PGPORT = "1";
    try {
      const { host, port, user, password, database, ssl } = at("db.hospital.example");
      assert.deepEqual(
        { host, port, user, password, database, ssl },
        {
          host: "db.hospital.example",
          port: 5432,
          user: "user",
          password: "pass@word",
          database: "flip",
          ssl: {},
        },
      );
    } finally {
      delete process.env.PGSSLMODE;
      delete process.env.PGPORT;
    }
  });
});

describe("a password of RDS", () => {
  it("is a token for this user at this host, signed with the deployment's key, and good for 15 minutes", async () => {
    const url = "postgresql://registrar@db.c1.eu-west-2.rds.amazonaws.com:6432/flip";
    const environment = { ...bindings, DATABASE_URL: url, DATABASE_AUTH: "rds-iam" };
    const token = new URL(`https://${await rdsPassword(readSettings(environment, DRIVERS.server))()}`);
    assert.strictEqual(token.host, "db.c1.eu-west-2.rds.amazonaws.com:6432");
    const { Action, DBUser, ...rest } = Object.fromEntries(token.searchParams);
    assert.deepEqual([Action, DBUser, rest["X-Amz-Expires"]], ["connect", "registrar", "900"]);
    assert.match(rest["X-Amz-Credential"] ?? "", /^AKIATEST\/\d{8}\/eu-west-2\/rds-db\/aws4_request$/);
  });
});
