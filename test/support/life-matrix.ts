/** Runs the failure matrix of a user's life: one test for each operation, call and way to fail. */
import { describe, expect, it } from "vitest";
import { useWorker } from "./fixture.ts";
import { ask } from "./life.ts";
import { arm, heard, holdsInTheEnd, newcomer, operations, person, prepare, ways } from "./life-failures.ts";
import { auditOf, contradictions, sweepOut, watchRoles } from "./life-story.ts";
import { quiet } from "./moments.ts";

export function failureMatrix(names: ReadonlyArray<string>): void {
  const fixture = useWorker();
  for (const operation of operations.filter(({ name }) => names.includes(name)))
    for (const call of operation.calls)
      describe(`${operation.name}: ${call.match}`, () => {
        for (const way of ways) {
          const status = heard(operation, call, way);
          const end = holdsInTheEnd(call, way);
          it(`${way.name} → ${status ?? "no answer"}; ${end ? "done" : "nothing done"} in the end, and both stores agree`, async () => {
            const { stack } = fixture;
            const id = await prepare(stack, operation);
            const seen = watchRoles(stack);
            arm(fixture, call, way);
            const sent = ask(fixture, operation.what.replace("{id}", id), { body: operation.body });
            const answer = await sent.catch(() => undefined);
            if (call.part !== "finish" || answer !== undefined) expect(answer?.status).toBe(status);
            if (answer?.status === 500) {
              const outcome = call.part === "commit" ? "rolled_back" : "tracked";
              expect(answer.json).toMatchObject({ outcome, operationId: expect.any(String) });
            }
            await quiet(stack);
            stack.faults.clear();
            await sweepOut(fixture);
            expect(await operation.holds(fixture, id)).toBe(end);
            expect(await contradictions(stack, { roles: seen, byHand: [id] })).toEqual([]);
            const subject = stack.cognito.getUser(newcomer)?.sub ?? id;
            const rows = (await auditOf(stack, subject)).filter((one) => one === operation.action);
            expect(rows.length).toBe(end ? 1 : 0);
            // A repeat mails again; nothing mails a third time.
            const mails = stack.mails().map(({ to }) => to);
            expect(mails.filter((to) => to === person).length).toBeLessThanOrEqual(
              operation.name === "invite" ? 2 : 0,
            );
            expect(mails.filter((to) => to === newcomer).length).toBeLessThanOrEqual(2);
          });
        }
      });
}
