/**
 * Lets time pass for the ledger without waiting: every `timestamptz` of table `registrar.operation` moves back.
 * Nothing else is touched: no audit row, no clock. Columns that hold no time stay as they are, and so does null.
 */
import type pg from "pg";

/** Makes every operation that much older; returns how many there were. */
export async function age(database: pg.Pool, seconds: number): Promise<number> {
  const { rows } = await database.query<{ name: string }>(`
    select quote_ident(column_name) as name from information_schema.columns
     where table_schema = 'registrar' and table_name = 'operation'
       and data_type = 'timestamp with time zone' and is_generated = 'NEVER'`);
  if (rows.length === 0) throw new Error("There is no table registrar.operation with a time in it.");
  const moved = rows.map(({ name }) => `${name} = ${name} - make_interval(secs => $1)`).join(", ");
  const result = await database.query(`update registrar.operation set ${moved}`, [seconds]);
  return result.rowCount ?? 0;
}
