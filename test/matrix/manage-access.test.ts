/** Every remote call of inviting and of resetting the second factor, failing in every way. */
import { failureMatrix } from "../support/life-matrix.ts";

failureMatrix(["reset MFA", "invite"]);
