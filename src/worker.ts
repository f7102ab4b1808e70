/** The entry for Workers, with Neon. */
import { connectingAddress, makeHandlers } from "./handlers.ts";
import { makeRuntime } from "./layers/workers.ts";

export default makeHandlers({
  makeRuntime,
  clientAddress: connectingAddress,
}) satisfies ExportedHandler<object>;
