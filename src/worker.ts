/** The entry for Workers, with Neon. */
import { makeHandlers } from "./handlers.ts";
import { makeRuntime } from "./layers/workers.ts";

export default makeHandlers(makeRuntime) satisfies ExportedHandler<object>;
