/**
 * How often one may ask: for a client's address before anything is known of who calls, and for a caller before the first
 * statement, so that nobody fills the ledger or the trail.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type { TooManyRequests } from "../domain/errors.ts";

/** Counts one more request of a key, and refuses it where that is one too many. Never fails for another reason. */
export type RateLimit = (key: string) => Effect.Effect<void, TooManyRequests>;

const everybody: RateLimit = () => Effect.void;

/** By the caller's `sub`. Where nobody provides it, everybody may ask. */
export const CallerLimit = Context.Reference<RateLimit>("registrar/CallerLimit", {
  defaultValue: () => everybody,
});

/** By the network of the client's address. Where nobody provides it, everybody may ask. */
export const ClientLimit = Context.Reference<RateLimit>("registrar/ClientLimit", {
  defaultValue: () => everybody,
});
