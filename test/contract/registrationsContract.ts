/** The whole contract of Registrations, in its four parts. */
import { endsContract } from "./endsContract.ts";
import { movesContract } from "./movesContract.ts";
import { openContract } from "./openContract.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";
import { sweepContract } from "./sweepContract.ts";

export const registrationsContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  openContract(name, test, subject);
  movesContract(name, test, subject);
  endsContract(name, test, subject);
  sweepContract(name, test, subject);
};
