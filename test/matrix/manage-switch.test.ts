/** Every remote call of disabling and enabling, failing in every way (lifeFailures.ts has the table). */
import { failureMatrix } from "../support/life-matrix.ts";

failureMatrix(["disable", "enable"]);
