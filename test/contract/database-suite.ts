/** The whole contract of the ledger on PostgreSQL, over one way that leads there. */
import { afterAll, beforeAll, it } from "@effect/vitest";
import { type Stack, startStack } from "../../dev/stack.ts";
import type { Adapter, Opened } from "../support/adapters.ts";
import { ledgerContract } from "./ledger-suite.ts";
import { listsContract } from "./lists.ts";
import { postgresSubject } from "./postgres-subject.ts";
import { RETENTION } from "./retention.ts";
import type { LedgerSubject } from "./subjects.ts";

export const databaseContract = ({ name, open }: Adapter) => {
  let stack: Stack;
  let opened: ReadonlyArray<Opened>;
  let subject: LedgerSubject;
  beforeAll(async () => {
    stack = await startStack();
    const [retaining, keeping] = await Promise.all([open(stack, RETENTION), open(stack)]);
    opened = [retaining, keeping];
    subject = postgresSubject(stack, "none", { retaining: retaining.layer, keeping: keeping.layer });
  });
  afterAll(async () => {
    for (const { close } of opened) await close();
    await stack.stop();
  });

  ledgerContract(name, it.live, () => subject);
  listsContract(name, it.live, () => subject);
};
