/** The whole contract of the ledger: of Registrations, in its four parts, of Errands, and of Access. */
import { accessContract } from "./accessContract.ts";
import { endsContract } from "./endsContract.ts";
import { errandsContract } from "./errandsContract.ts";
import { movesContract } from "./movesContract.ts";
import { openContract } from "./openContract.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";
import { sweepContract } from "./sweepContract.ts";

export const registrationsContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  openContract(name, test, subject);
  movesContract(name, test, subject);
  endsContract(name, test, subject);
  sweepContract(name, test, subject);
  errandsContract(name, test, subject);
  accessContract(name, test, subject);
};
