/** The entry for Workers, with any Postgres behind Hyperdrive: requests, the backstop, and the Durable Object that wakes the sweeper. */
import { connectingAddress, makeHandlers } from "./handlers.ts";
import { makeSweeperAlarm } from "./layers/alarm.ts";
import { hyperdrive } from "./layers/hyperdrive.ts";

const { sweepWhenAsked, ...handlers } = makeHandlers({
  platform: hyperdrive,
  clientAddress: connectingAddress,
});

export default handlers satisfies ExportedHandler<object>;

export const SweeperAlarm = makeSweeperAlarm(sweepWhenAsked);
