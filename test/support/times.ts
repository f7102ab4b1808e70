/** Time zones of sessions, and the times in answers, which no zone may show through. */
import type { Stack } from "../../dev/stack.ts";
import { eventually } from "./moments.ts";

/** Makes a time zone every new session's, by the role's own setting, and ends the sessions that are open. */
export async function setTimeZone(stack: Stack, zone: string): Promise<void> {
  const role = decodeURIComponent(new URL(stack.databaseUrl).username);
  await stack.query(`alter role "${role}" set timezone to '${zone}'`);
  const others = "from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()";
  await stack.query(`select pg_terminate_backend(pid) ${others}`);
  await eventually("the old connections are gone", async () => {
    const [row] = await stack.query<{ n: number }>(`select count(*)::integer as n ${others}`);
    return row?.n === 0;
  });
}

const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;
const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/;

/** The texts in an answer that are times, or begin with one as a cursor does, and are not in UTC with a Z. */
export const timesNotInUtc = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return TIME.test(value) && !UTC.test(value) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(timesNotInUtc) : [];
};
