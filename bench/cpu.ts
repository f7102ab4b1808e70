/** What a connection costs PostgreSQL, on the machine of the bench: it does not count that others were waited for. */
import { readFile } from "node:fs/promises";
import type pg from "pg";

/**
 * Milliseconds of CPU that the process behind a connection has used since a moment that is always the same. Linux counts them in
 * nanoseconds; elsewhere it is the time that has passed. https://www.kernel.org/doc/html/latest/scheduler/sched-stats.html
 */
export const cpuClock = async (client: pg.ClientBase): Promise<() => Promise<number>> => {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const file = `/proc/${rows[0]?.pid}/schedstat`;
  return async () => {
    const text = await readFile(file, "utf8").catch(() => undefined);
    return text === undefined ? performance.now() : Number(text.split(" ")[0]) / 1e6;
  };
};
