/**
 * Faults that meet in one registration: on the way back from a commit, while the outcome of a create is unknown, late landings, crashes
 * with a fault behind them. Where a group is a product, its promise is computed from the protocol, not listed.
 */
import type { Call, Promised } from "./cell.ts";
import { calls } from "./requests.ts";
import { sweeperGroups } from "./sweeper-pairs.ts";
import { cell, fails, type Group, type How, late } from "./words.ts";

/** What the protocol promises when commit, fence and delete fail together. */
const wayBack = (commit: How, fence: How, remove: How): Promised => {
  const isCommitted = commit === "landed";
  if (fence === "works") {
    if (isCommitted) return ["200", "registered", "request"];
    return remove === "works" ? ["try again", "nothing", "request"] : ["tracked", "nothing", "sweeper"];
  }
  if (remove === "works") {
    // Fenced without hearing of it, the row can still be marked as rolled back; otherwise it waits for the sweeper.
    return ["try again", "nothing", !isCommitted && fence === "landed" ? "request" : "sweeper"];
  }
  return ["tracked", isCommitted && remove !== "landed" ? "registered" : "nothing", "sweeper"];
};

const hows = ["works", "refused", "lost", "landed"] as const;
const back = (["refused", "lost", "landed"] as const).flatMap((commit) =>
  hows.flatMap((fence) =>
    hows.flatMap((remove) => {
      if (fence === "works" && (remove === "works" || commit === "landed")) return [];
      const title = `commit ${commit} × fence ${fence} × delete ${remove}`;
      const faults = [
        ...fails(calls.commit, commit, 2),
        ...fails(calls.fence, fence, 1),
        ...fails(calls.delete, remove, 2),
      ];
      return [cell(title, wayBack(commit, fence, remove), faults)];
    }),
  ),
);

const found = (commit: How): Promised =>
  commit === "works" || commit === "landed"
    ? ["200", "registered", "request"]
    : ["try again", "nothing", "request"];

const unknown = (["lost", "landed"] as const).flatMap((create) =>
  hows.flatMap((readBack) =>
    hows.map((commit) => {
      const isKnown = create === "landed" && readBack === "works";
      return cell(
        `create ${create} × read-back ${readBack} × commit ${commit}`,
        isKnown ? found(commit) : ["tracked", "nothing", "sweeper"],
        [
          ...fails(calls.create, create, 1),
          ...fails(calls.get, readBack, 2),
          ...(isKnown ? fails(calls.commit, commit, 2) : []),
        ],
      );
    }),
  ),
);

const refusedCommit = fails(calls.commit, "refused", 1);

const lateLandings = [
  cell("open lands late, once", ["200", "registered", "request"], [late(calls.open)]),
  cell("open lands late, both times", ["503", "nothing", "sweeper"], [late(calls.open, 2)]),
  cell("create lands late, after the read-back", ["tracked", "nothing", "sweeper"], [late(calls.create)]),
  cell("commit lands late, once", ["200", "registered", "request"], [late(calls.commit)]),
  cell(
    "commit lands late, both times: after the fence",
    ["try again", "nothing", "request"],
    [late(calls.commit, 2)],
  ),
  cell(
    "commit refused × fence lands late: after the delete",
    ["try again", "nothing", "sweeper"],
    [...refusedCommit, late(calls.fence)],
  ),
  cell(
    "commit refused × delete lands late, both times",
    ["tracked", "nothing", "sweeper"],
    [...refusedCommit, late(calls.delete, 2)],
  ),
  cell(
    "commit refused × markRolledBack lands late",
    ["try again", "nothing", "request"],
    [...refusedCommit, late(calls.markRolledBack)],
  ),
  cell(
    "create refused × reject lands late",
    ["refused", "nothing", "request"],
    [...fails(calls.create, "refused", 1), late(calls.reject)],
  ),
  cell("acknowledge lands late", ["200", "registered", "sweeper"], [late(calls.acknowledge)]),
  cell("RESEND lands late", ["200", "registered", "sweeper", 2], [late(calls.resend)]),
  cell("complete lands late", ["200", "registered", "request"], [late(calls.complete)]),
];

const kill = (call: Call, when: "before" | "after") => ({ deed: { what: "kill", when, ...call } }) as const;
const leave = (call: Call, when: "before" | "after") => ({ deed: { what: "leave", when, ...call } }) as const;

const crashes = [
  cell(
    "isolate killed when the create is done × fence landed × delete landed",
    ["none", "nothing", "sweeper"],
    [],
    {
      ...kill(calls.create, "after"),
      sweeping: [...fails(calls.fence, "landed", 1), ...fails(calls.delete, "landed", 2)],
    },
  ),
  cell(
    "isolate killed when the commit is done × RESEND landed × complete lost",
    ["none", "registered", "sweeper", 3],
    [],
    {
      ...kill(calls.commit, "after"),
      sweeping: [...fails(calls.resend, "landed", 1), ...fails(calls.complete, "lost", 1)],
    },
  ),
  cell(
    "commit refused × isolate killed before the delete × lease landed",
    ["none", "nothing", "sweeper"],
    [...refusedCommit],
    {
      ...kill(calls.delete, "before"),
      sweeping: fails(calls.lease, "landed", 1),
    },
  ),
  cell(
    "client reset during the create × create lost",
    ["none", "nothing", "sweeper"],
    fails(calls.create, "lost", 1),
    leave(calls.create, "before"),
  ),
  cell(
    "client reset during the create × commit landed",
    ["none", "registered", "request"],
    fails(calls.commit, "landed", 2),
    leave(calls.create, "before"),
  ),
  cell(
    "client reset after the create × commit refused × delete lost",
    ["none", "nothing", "sweeper"],
    [...refusedCommit, ...fails(calls.delete, "lost", 2)],
    leave(calls.create, "after"),
  ),
  cell(
    "create lost × a foreign user takes the address before the read-back",
    ["exists", "foreign user", "sweeper"],
    fails(calls.create, "lost", 1),
    { deed: { what: "intrude", when: "before", ...calls.get } },
  ),
];

export const groups: ReadonlyArray<Group> = [
  { name: "On the way back", cells: back },
  { name: "While the outcome of the create is unknown", cells: unknown },
  { name: "Late", cells: lateLandings },
  { name: "Crashes and departures", cells: crashes },
  ...sweeperGroups,
];
