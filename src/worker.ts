/** The entry for Workers, with Neon: requests, the backstop, and the Durable Object that wakes the sweeper. */
import { connectingAddress, makeHandlers } from "./handlers.ts";
import { makeSweeperAlarm } from "./layers/alarm.ts";
import { workers } from "./layers/workers.ts";

const { sweepWhenAsked, ...handlers } = makeHandlers({
  platform: workers,
  clientAddress: connectingAddress,
});

export default handlers satisfies ExportedHandler<object>;

export const SweeperAlarm = makeSweeperAlarm(sweepWhenAsked);
