/**
 * The password of an RDS database, or an RDS Proxy, whose user signs in by IAM: a token that is signed here, without a
 * call, and good for 15 minutes. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
import { Signer } from "@aws-sdk/rds-signer";
import * as Redacted from "effect/Redacted";
import type { Deployment } from "../../ports/settings.ts";

/** Postgres' port, where DATABASE_URL names none. */
const PORT = 5432;

/** Makes a fresh token each time, with the deployment's own AWS key, which needs `rds-db:connect`. */
export const rdsPassword = (settings: Deployment): (() => Promise<string>) => {
  const { hostname, port, username } = new URL(Redacted.value(settings.databaseUrl));
  const signer = new Signer({
    region: settings.region,
    hostname,
    port: port === "" ? PORT : Number(port),
    username: decodeURIComponent(username),
    credentials: {
      accessKeyId: settings.accessKeyId,
      secretAccessKey: Redacted.value(settings.secretAccessKey),
      ...(settings.sessionToken !== null && { sessionToken: Redacted.value(settings.sessionToken) }),
    },
  });
  return () => signer.getAuthToken();
};
