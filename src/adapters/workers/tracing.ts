/** The one module that only Workers have. It stands in a file of its own, so that trace.ts can be tried anywhere. */
export { tracing } from "cloudflare:workers";
