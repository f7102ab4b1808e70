/** What `npm run erase` needs of the adapters: two statements, which it sends in a session of its own. */
export { erase, look } from "../adapters/postgres/erasure-statements.ts";
