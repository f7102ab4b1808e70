/**
 * Every route, in the order of the document's chapters. The application, its 405s, the OpenAPI document and the tests
 * are made from this list.
 */
import type { Route } from "../route.ts";
import * as audit from "./audit.ts";
import * as changes from "./changes.ts";
import * as operations from "./operations.ts";
import * as registrations from "./registrations.ts";
import * as service from "./service.ts";
import * as users from "./users.ts";

// A module's exports have no order that every tool keeps.
const byPath = (a: Route, b: Route): number =>
  a.path === b.path ? compare(a.method, b.method) : compare(a.path, b.path);

const compare = (a: string, b: string): number => (a < b ? -1 : 1);

export const routes: ReadonlyArray<Route> = [
  registrations,
  users,
  changes,
  operations,
  audit,
  service,
].flatMap((area): ReadonlyArray<Route> => Object.values(area).toSorted(byPath));
