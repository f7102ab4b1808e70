/** How often one caller may ask: what stands before the first statement, so that nobody fills the ledger or the trail. */
import { Context, Effect } from "effect";
import type { UserId } from "../domain/user.ts";

/** Whether this caller may ask once more now. Where nobody provides it, everybody may. */
export const RateLimit = Context.Reference<(caller: UserId) => Effect.Effect<boolean>>(
  "registrar/RateLimit",
  {
    defaultValue: () => () => Effect.succeed(true),
  },
);
