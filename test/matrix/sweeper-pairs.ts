/** The sweeper hit twice: a fault at one sweep, another at a later one. The end stays the one it was going for. */
import { type Call, type Cell, strike } from "./cell.ts";
import { calls } from "./requests.ts";
import { cell, fails, type Group } from "./words.ts";

const sweepTwice = (arrangement: Cell["arrangement"], steps: ReadonlyArray<[string, Call, number]>) =>
  steps.flatMap(([one, first, often], n) =>
    steps
      .slice(n + 1)
      .flatMap(([two, second, oftenToo]) =>
        (["lost", "landed"] as const).flatMap((how) =>
          (["lost", "landed"] as const).map((howToo) =>
            cell(
              `${one} ${how} × ${two} ${howToo}`,
              ["tracked", "nothing", "sweeper"],
              fails(first, how, often),
              { phase: "sweep", arrangement, sweeping: fails(second, howToo, oftenToo) },
            ),
          ),
        ),
      ),
  );

const invitations = (["throttled", "lost", "landed"] as const).flatMap((resend) =>
  (["refused", "lost", "landed"] as const).map((complete) => {
    const mails = 1 + (resend === "landed" ? 1 : 0) + (complete === "landed" ? 0 : 1);
    const first =
      resend === "throttled"
        ? [strike(calls.resend, { answer: "throttle" })]
        : fails(calls.resend, resend, 1);
    return cell(`RESEND ${resend} × complete ${complete}`, ["200", "registered", "sweeper", mails], first, {
      phase: "sweep",
      arrangement: "registered, not invited, its request gone",
      sweeping: fails(calls.complete, complete, 1),
    });
  }),
);

export const sweeperGroups: ReadonlyArray<Group> = [
  {
    name: "The sweeper, rolling back, hit twice",
    cells: sweepTwice("a registration left its user", [
      ["lease", calls.lease, 1],
      ["fence", calls.fence, 1],
      ["AdminGetUser", calls.get, 2],
      ["AdminDeleteUser", calls.delete, 2],
      ["markRolledBack", calls.markRolledBack, 1],
    ]),
  },
  {
    name: "The sweeper, at its final check, hit twice",
    cells: sweepTwice("rolled back, the create landed late, the grace period is over", [
      ["AdminGetUser", calls.get, 2],
      ["AdminDeleteUser", calls.delete, 2],
      ["endGracePeriod", calls.endGracePeriod, 1],
    ]),
  },
  { name: "The sweeper, inviting, hit twice", cells: invitations },
];
