/**
 * How the connection of DATABASE_URL is made. TLS is what libpq calls `verify-full`, whatever weaker mode a connection
 * string asks for: the certificate is checked, and that it is the host's. `sslmode=disable` alone turns it off; without a
 * mode it is off for this machine only. `sslrootcert` names a file of certificates to trust instead of the system's.
 * https://www.postgresql.org/docs/current/libpq-ssl.html
 */
import type { ClientConfig } from "pg";
import { parseIntoClientConfig } from "pg-connection-string";

/** This machine: its names, its addresses, and a socket in its file system. */
const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?|\/.*)$/;

/** Postgres' port, where a connection string names none. */
const PORT = 5432;

/** The configuration of one connection, with nothing left to the environment of the process. */
export const connectionOf = (
  databaseUrl: string,
): ClientConfig & { readonly host: string; readonly port: number } => {
  const url = new URL(databaseUrl);
  const host = url.searchParams.get("host") ?? url.hostname;
  const plain =
    (url.searchParams.get("sslmode") ?? (LOCAL.test(host) ? "disable" : "verify-full")) === "disable";
  url.searchParams.set("sslmode", plain ? "disable" : "verify-full");
  // libpq's word for the certificates that the system trusts.
  if (url.searchParams.get("sslrootcert") === "system") url.searchParams.delete("sslrootcert");
  const { port = PORT, host: named = host, ssl = false, ...config } = parseIntoClientConfig(url.href);
  return { application_name: "registrar", keepAlive: true, ...config, host: named, port, ssl };
};
