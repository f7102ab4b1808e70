/** The whole contract of the ledger: of Ledger, in its four parts, of Changes, of Access, and of the trail. */
import { accessContract } from "./access.ts";
import { changesContract } from "./changes.ts";
import { endsContract } from "./ends.ts";
import { movesContract } from "./moves.ts";
import { openContract } from "./open.ts";
import { profilesContract } from "./profiles.ts";
import { retentionContract } from "./retention.ts";
import type { LedgerSubject, Tester } from "./subjects.ts";
import { sweepContract } from "./sweep.ts";
import { trailContract } from "./trail.ts";
import { trustsContract } from "./trusts.ts";
import { wakeUpContract } from "./wake-up.ts";

export const ledgerContract = (name: string, test: Tester, subject: () => LedgerSubject) => {
  openContract(name, test, subject);
  movesContract(name, test, subject);
  endsContract(name, test, subject);
  sweepContract(name, test, subject);
  retentionContract(name, test, subject);
  wakeUpContract(name, test, subject);
  changesContract(name, test, subject);
  accessContract(name, test, subject);
  trailContract(name, test, subject);
  trustsContract(name, test, subject);
  profilesContract(name, test, subject);
};
