/** Sessions whose transactions begin at another level than PostgreSQL's own, as a database or a role may have it. */
import type { Stack } from "../../dev/stack.ts";

/** Levels at which a snapshot is older than a lock that the transaction takes. */
export const LEVELS = ["repeatable read", "serializable"] as const;

/** Begins every new session of the service with this default, or PostgreSQL's own, and ends the ones that there are. */
export const beginAs = async (stack: Stack, level: string | undefined) => {
  const set = level === undefined ? "reset" : "set";
  const value = level === undefined ? "" : ` = '${level}'`;
  await stack.query(`alter role registrar ${set} default_transaction_isolation${value}`);
  await stack.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and backend_type = 'client backend'`,
  );
};
