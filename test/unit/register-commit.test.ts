/** The third step: the audit row is written, or its lateness is shut out and the user deleted. */
import { describe } from "@effect/vitest";
import { outcomes, refusedCommit, silentFence } from "../simulation/memory/outcomes.ts";

describe("commit", () => {
  outcomes([
    {
      title: "asks once more when the answer is lost, and keeps the user",
      faults: [{ on: "ledger.commit", answer: "unknown" }],
      says: "registered",
      state: "registered",
      end: "completed",
    },
    {
      title: "asks once more when the statement is lost",
      faults: [{ on: "ledger.commit", effect: "never", answer: "unknown" }],
      says: "registered",
      state: "registered",
      end: "completed",
    },
    {
      title: "reads from the fence that it has landed when both answers are lost",
      faults: [{ on: "ledger.commit", times: 2, answer: "unknown" }],
      says: "registered",
      state: "registered",
      end: "completed",
    },
    {
      title: "deletes the Cognito user when the audit write fails",
      faults: [refusedCommit],
      says: "RegistrationRolledBack",
      state: "rolled_back",
      end: "rolled_back",
    },
    {
      title: "deletes the Cognito user when both commits are lost, and shuts a late one out",
      faults: [{ on: "ledger.commit", times: 2, effect: { laterMs: 60_000 }, answer: "unknown" }],
      says: "RegistrationRolledBack",
      state: "rolled_back",
      end: "rolled_back",
    },
    {
      title: "asks the fence again while it reads `started`",
      faults: [refusedCommit, { on: "ledger.fence", effect: "never", instead: false }],
      says: "RegistrationRolledBack",
      state: "rolled_back",
      end: "rolled_back",
    },
    {
      title: "deletes its user unfenced while the budget lasts when the ledger is silent",
      faults: [{ on: "ledger.commit", times: 2, effect: "never", answer: "unknown" }, silentFence],
      says: "RegistrationRolledBack",
      state: "started",
      end: "rolled_back",
    },
    {
      title: "compensates a commit that landed unseen under an unfenced delete",
      faults: [{ on: "ledger.commit", times: 2, answer: "unknown" }, silentFence],
      says: "RegistrationRolledBack",
      state: "registered",
      end: "user_lost",
    },
    {
      title: "deletes the Cognito user when a bug ends the commit",
      faults: [{ on: "ledger.commit", effect: "never", answer: "crash" }],
      says: "CleanupRequired",
      state: "rolled_back",
      end: "rolled_back",
    },
    {
      title: "keeps the user when a bug ends the commit after it has landed",
      faults: [{ on: "ledger.commit", answer: "crash" }],
      says: "CleanupRequired",
      state: "registered",
      end: "completed",
    },
  ]);
});
