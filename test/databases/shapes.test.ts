/**
 * The statements that read and write FLIP's own tables keep their contract in each shape that these have: FLIP's of May and of
 * September 2026, exactly as FLIP's migrations have left them. The other suites run on the tables that ours make.
 */
import { afterAll, beforeAll, it } from "@effect/vitest";
import type { FlipShapeName } from "../../dev/flip-shapes.ts";
import { type Stack, startStack } from "../../dev/stack.ts";
import { accessContract } from "../contract/access.ts";
import { changesContract } from "../contract/changes.ts";
import { listsContract } from "../contract/lists.ts";
import { movesContract } from "../contract/moves.ts";
import { postgresSubject } from "../contract/postgres-subject.ts";
import { noProfilesContract, profilesContract } from "../contract/profiles.ts";
import type { LedgerSubject } from "../contract/subjects.ts";
import { trailContract } from "../contract/trail.ts";
import { trustsContract } from "../contract/trusts.ts";

const suites = [movesContract, changesContract, accessContract, trailContract, listsContract];

const keepsItIn = (flip: FlipShapeName, ...more: typeof suites) => {
  let stack: Stack;
  let ledger: LedgerSubject;
  beforeAll(async () => {
    stack = await startStack({ flip });
    ledger = postgresSubject(stack, flip);
  });
  afterAll(() => stack.stop());
  for (const suite of [...suites, ...more]) suite(`FLIP of ${flip}`, it.live, () => ledger);
};

keepsItIn("2026-05", noProfilesContract);
keepsItIn("2026-09", trustsContract, profilesContract);
