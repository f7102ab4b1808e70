/** Every remote call of deleting, setting roles and registering with roles, failing in every way. */
import { failureMatrix } from "../support/life-matrix.ts";

failureMatrix(["delete", "set roles", "register with roles"]);
