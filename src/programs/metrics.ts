/** The ledger in numbers, for whoever watches the service. */
import * as Effect from "effect/Effect";
import type { UserId } from "../domain/user.ts";
import { onceMore } from "../ports/database.ts";
import { Status } from "../ports/status.ts";
import { spanned } from "../ports/trace.ts";
import { databaseUnavailable, requireManager } from "./authority.ts";

/** The numbers. `caller`: undefined where the deployment's metrics token has asked, which stands in nobody's name. */
export const readMetrics = spanned("readMetrics")(function* (caller: UserId | undefined) {
  if (caller !== undefined) yield* requireManager({ caller });
  const status = yield* Status;
  return yield* status.metrics().pipe(Effect.retry(onceMore), Effect.mapError(databaseUnavailable));
});
