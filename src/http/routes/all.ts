/**
 * Every route. The application, its 405s, the OpenAPI document and the tests are made from this list. A path with a
 * fixed word stands before one that takes any.
 */
import type { Route } from "../route.ts";
import * as audit from "./audit.ts";
import * as operations from "./operations.ts";
import * as registrations from "./registrations.ts";
import * as service from "./service.ts";
import * as users from "./users.ts";

export const routes: ReadonlyArray<Route> = [
  ...Object.values(service),
  ...Object.values(registrations),
  ...Object.values(users),
  ...Object.values(operations),
  ...Object.values(audit),
].sort(fixedFirst);

/** `/api/users/me/mfa/status` before `/api/users/{user_id}/…`: the application takes the first path that fits. */
function fixedFirst(a: Route, b: Route): number {
  return Number(a.path.includes("{")) - Number(b.path.includes("{"));
}
