/** The entry for Workers, with Neon: requests, the backstop, and the Durable Object that wakes the sweeper. */
import { connectingAddress, makeHandlers } from "./handlers.ts";
import { makeSweeperAlarm } from "./layers/alarm.ts";
import { makeRuntime } from "./layers/workers.ts";

const { sweepWhenAsked, ...handlers } = makeHandlers({ makeRuntime, clientAddress: connectingAddress });

export default handlers satisfies ExportedHandler<object>;

export const SweeperAlarm = makeSweeperAlarm(sweepWhenAsked);
