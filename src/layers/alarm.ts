/** For the entries of Workers: the Durable Object that runs the sweeper. It imports what only workerd has. */
export { makeSweeperAlarm } from "../adapters/workers/sweeper-alarm.ts";
