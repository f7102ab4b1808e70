/** The first step of a registration: nothing of Cognito is touched before the registration is written down. */
import { describe } from "@effect/vitest";
import { outcomes } from "../simulation/memory/outcomes.ts";

describe("open", () => {
  outcomes([
    {
      title: "registers when all goes well",
      faults: [],
      says: "registered",
      state: "registered",
      end: "completed",
    },
    {
      title: "asks once more with the same id when the answer is lost, and goes on",
      faults: [{ on: "ledger.open", answer: "unknown" }],
      says: "registered",
      state: "registered",
      end: "completed",
    },
    {
      title: "asks once more when the statement is lost, and goes on",
      faults: [{ on: "ledger.open", effect: "never", answer: "unknown" }],
      says: "registered",
      state: "registered",
      end: "completed",
    },
    {
      title: "answers 503 when both openings are lost, and leaves Cognito alone",
      faults: [{ on: "ledger.open", times: 2, effect: "never", answer: "unknown" }],
      says: "Unavailable",
    },
    {
      title: "answers 503 when both answers are lost, and the sweeper closes what was written",
      faults: [{ on: "ledger.open", times: 2, answer: "unknown" }],
      says: "Unavailable",
      state: "started",
      end: "rolled_back",
    },
    {
      title: "says at once that the statement is refused, and that trying again cannot help",
      faults: [{ on: "ledger.open", effect: "never", answer: "refused" }],
      says: "DatabaseRefused",
    },
    {
      title: "takes a refusal of the second try for none of the first, which may have been written",
      faults: [
        { on: "ledger.open", answer: "unknown" },
        { on: "ledger.open", effect: "never", answer: "refused" },
      ],
      says: "Unavailable",
      state: "started",
      end: "rolled_back",
    },
    {
      title: "asks once more when the statement lost a race",
      faults: [{ on: "ledger.open", effect: "never", answer: "throttled" }],
      says: "registered",
      state: "registered",
      end: "completed",
    },
    {
      title: "asks again when neither row nor holder is seen",
      faults: [{ on: "ledger.open", effect: "never", instead: { _tag: "Contended" } }],
      says: "registered",
      state: "registered",
      end: "completed",
    },
  ]);
});
