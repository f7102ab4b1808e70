/**
 * A page of a list that is as long as the service is old, newest first. It is read from an index from its first row on: a
 * late page costs what an early one costs, and a filter that few rows pass costs what one costs that many pass.
 *
 * Of several filters the first one leads: the page is read from its index. PostgreSQL is left no choice, because it
 * knows only how frequent a value is, and not when it was: it would read the whole list by time for somebody who left
 * long ago. So the page is ordered by the leading column first, and its value is said as a range: a column that is known
 * to be constant would not count in the order. What is not asked for is null, and folds away when the statement is
 * planned, each time that it is sent.
 */
import { type Fragment, list, sql } from "./sql.ts";

/** What a column has to be; null: anything. The table has an index of the column, the time and the id, all descending. */
export interface Filter {
  readonly column: Fragment;
  readonly value: Fragment;
}

/** An instant that was asked for, or null, and the same as one of the time's type. */
export interface Bound {
  readonly asked: Fragment;
  readonly instant: Fragment;
}

/** Which page, of a table that has a column `id`. */
export interface Paging {
  /** In the order in which they lead. */
  readonly filters: ReadonlyArray<Filter>;
  readonly time: Fragment;
  /** Included. */
  readonly from: Bound;
  /** The place after which the page begins. */
  readonly after: Bound & { readonly id: Fragment };
  readonly limit: Fragment;
}

/** Whether this filter is the first of those that are asked for. */
const leads = (filters: ReadonlyArray<Filter>, index: number): Fragment =>
  list(
    filters
      .slice(0, index + 1)
      .map(({ value }, nth) => (nth === index ? sql`${value} is not null` : sql`${value} is null`)),
    " and ",
  );

/** The page's rows in the index of a leading filter, or in that of the time alone. */
const between = ({ time, from, after }: Paging, lead?: Filter): Fragment => {
  const [columns, values] = lead === undefined ? [[], []] : [[lead.column], [lead.value]];
  const upper = sql`(${list([...columns, time, sql`id`])}) < (${list([...values, after.instant, after.id])})`;
  const lower = sql`(${list([...columns, time])}) >= (${list([...values, from.instant])})`;
  // It follows from the other two where those are there, and is what PostgreSQL can estimate.
  const range =
    lead === undefined ? sql`true` : sql`${lead.column} <= ${lead.value} and ${lead.column} >= ${lead.value}`;
  return sql`(${after.asked} is null or ${upper}) and (${from.asked} is null or ${lower}) and ${range}`;
};

/** `where … order by … limit …` */
export const page = (paging: Paging): Fragment => {
  const { filters, time, limit } = paging;
  const first = filters.map((_, index) => leads(filters, index));
  const where = filters.map(
    (filter, index) => sql`(${filter.value} is null or case when ${first[index] as Fragment}
    then ${between(paging, filter)}
    else ${filter.column} = ${filter.value} end)`,
  );
  const unfiltered = list(
    filters.map(({ value }) => sql`${value} is null`),
    " and ",
  );
  const order = filters.map(
    ({ column }, index) => sql`case when ${first[index] as Fragment} then ${column} end desc`,
  );
  return sql`where ${list(where, "\n  and ")}
  and (case when ${unfiltered} then ${between(paging)} else true end)
order by ${list([...order, sql`${time} desc`, sql`id desc`])} limit ${limit}`;
};
