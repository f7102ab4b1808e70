/** The second step: one create; where its outcome is unknown the user is read back, and nothing is guessed. */
import { describe } from "@effect/vitest";
import { foreignUser, outcomes } from "../simulation/memory/outcomes.ts";
import { clearPool } from "../simulation/memory/world.ts";

describe("create", () => {
  outcomes([
    {
      title: "hears for good that Cognito refuses",
      faults: [{ on: "identity.create", effect: "never", answer: "refused" }],
      says: "CreateRefused",
      state: "rejected",
      end: "rejected",
    },
    {
      title: "frees the key when the deployment is wrong",
      faults: [{ on: "identity.create", effect: "never", answer: "misconfigured" }],
      says: "CreateRefused",
      state: "rolled_back",
      end: "rolled_back",
    },
    {
      title: "answers 503 when Cognito is throttled, and keeps nothing",
      faults: [{ on: "identity.create", effect: "never", answer: "throttled" }],
      says: "Unavailable",
      state: "rolled_back",
      end: "rolled_back",
    },
    {
      title: "finds its own user when the answer of a create is lost",
      faults: [{ on: "identity.create", answer: "unknown" }],
      says: "registered",
      state: "registered",
      end: "completed",
    },
    {
      title: "stays tracked when a lost create is not seen, and closes with nothing",
      faults: [{ on: "identity.create", effect: "never", answer: "unknown" }],
      says: "CleanupRequired",
      state: "started",
      end: "rolled_back",
    },
    {
      title: "deletes a user whom a lost create makes after everybody has gone",
      faults: [{ on: "identity.create", effect: { laterMs: 1_100_000 }, answer: "unknown" }],
      says: "CleanupRequired",
      state: "started",
      end: "rolled_back",
    },
    {
      title: "deletes a user whom a lost create makes while the registration is open",
      faults: [{ on: "identity.create", effect: { laterMs: 10_000 }, answer: "unknown" }],
      says: "CleanupRequired",
      state: "started",
      end: "rolled_back",
    },
    {
      title: "says that a foreign user has the address",
      faults: [foreignUser],
      says: "UserExists",
      state: "rejected",
      end: "rejected",
    },
    {
      title: "gives a lost create a grace period although a foreign user is seen",
      faults: [foreignUser, { on: "identity.create", effect: "never", answer: "unknown" }],
      says: "UserExists",
      state: "rejected",
      end: "rejected",
    },
    {
      title: "deletes a user whom a lost create makes once the foreign user is gone",
      faults: [
        foreignUser,
        {
          on: "identity.create",
          effect: { laterMs: 1_100_000 },
          answer: "unknown",
          before: clearPool,
        },
      ],
      says: "UserExists",
      state: "rejected",
      end: "rejected",
    },
    {
      title: "asks to try again when the holder of the address is gone",
      faults: [foreignUser, { on: "identity.find", before: clearPool }],
      says: "RegistrationRolledBack",
      state: "rolled_back",
      end: "rolled_back",
    },
    {
      title: "answers 503 when nobody can tell who has the address",
      faults: [foreignUser, { on: "identity.find", answer: "unknown" }],
      says: "Unavailable",
      state: "rolled_back",
      end: "rolled_back",
    },
    {
      title: "stays tracked when a lost create cannot be read back",
      faults: [
        { on: "identity.create", answer: "unknown" },
        { on: "identity.find", answer: "unknown" },
      ],
      says: "CleanupRequired",
      state: "started",
      end: "rolled_back",
    },
    {
      title: "tells the caller of a refusal although the ledger cannot be told",
      faults: [
        { on: "identity.create", effect: "never", answer: "refused" },
        { on: "ledger.reject", effect: "never", answer: "unknown" },
      ],
      says: "CreateRefused",
      state: "started",
      end: "rolled_back",
    },
    {
      title: "leaves the registration to the sweeper when a bug ends the create",
      faults: [{ on: "identity.create", answer: "crash" }],
      says: "CleanupRequired",
      state: "started",
      end: "rolled_back",
    },
  ]);
});
