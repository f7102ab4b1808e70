/**
 * The rows for what follows a 200, for a request that meets another's registration, and for the sweeper.
 */
import type { Scene } from "./cell.ts";
import { strike } from "./cell.ts";
import { calls } from "./requests.ts";

const request = { phase: "request" } as const;
const sweep = { phase: "sweep" } as const;

/** After the 200: the user stays, whatever happens. Whether a killed isolate's answer got out, nobody can say. */
const afterwards: ReadonlyArray<Scene> = [
  {
    ...request,
    name: "acknowledge",
    call: calls.acknowledge,
    promised: {
      refused: ["200", "registered", "sweeper"],
      throttled: ["200", "registered", "sweeper"],
      "lost before": ["200", "registered", "sweeper"],
      "lost after": ["200", "registered", "sweeper"],
      "killed before": ["any", "registered", "sweeper"],
      "killed after": ["any", "registered", "sweeper"],
    },
  },
  {
    ...request,
    name: "RESEND",
    call: calls.resend,
    promised: {
      refused: ["200", "registered", "request"],
      throttled: ["200", "registered", "sweeper"],
      "lost before": ["200", "registered", "sweeper"],
      "lost after": ["200", "registered", "sweeper", 2],
      "killed before": ["any", "registered", "sweeper"],
      "killed after": ["any", "registered", "sweeper", 2],
    },
  },
  {
    ...request,
    name: "complete",
    call: calls.complete,
    promised: {
      refused: ["200", "registered", "sweeper", 2],
      throttled: ["200", "registered", "sweeper", 2],
      "lost before": ["200", "registered", "sweeper", 2],
      "lost after": ["200", "registered", "request"],
      "killed before": ["any", "registered", "sweeper", 2],
      "killed after": ["any", "registered", "request"],
    },
  },
];

const taken = { ...request, arrangement: "a registration left its user, and is stale" } as const;
const late = { ...request, arrangement: "rolled back, then the create landed late" } as const;
const dead = {
  "killed before": ["none", "nothing", "sweeper"],
  "killed after": ["none", "nothing", "sweeper"],
} as const;

/** A request that finds another's stale registration in its way, or an orphan of a closed one. */
const takeover: ReadonlyArray<Scene> = [
  {
    ...taken,
    name: "fence by a takeover",
    call: calls.fence,
    promised: {
      ...dead,
      refused: ["409", "nothing", "sweeper"],
      throttled: ["409", "nothing", "sweeper"],
      "lost before": ["409", "nothing", "sweeper"],
      "lost after": ["409", "nothing", "sweeper"],
      "client gone": ["none", "registered", "takeover"],
    },
  },
  ...(["get", "delete"] as const).map(
    (name): Scene => ({
      ...taken,
      name: name === "get" ? "read by a takeover" : "delete by a takeover",
      call: calls[name],
      promised: {
        ...dead,
        refused: ["409", "nothing", "sweeper"],
        throttled: ["409", "nothing", "sweeper"],
        "lost before": ["200", "registered", "takeover"],
        "lost after": ["200", "registered", "takeover"],
        "client gone": ["none", "registered", "takeover"],
      },
    }),
  ),
  {
    ...taken,
    name: "markRolledBack by a takeover",
    call: calls.markRolledBack,
    promised: {
      refused: ["409", "nothing", "sweeper"],
      throttled: ["409", "nothing", "sweeper"],
      "lost before": ["409", "nothing", "sweeper"],
      "lost after": ["409", "nothing", "takeover"],
      "killed before": ["none", "nothing", "sweeper"],
      "killed after": ["none", "nothing", "takeover"],
      "client gone": ["none", "registered", "takeover"],
    },
  },
  {
    ...late,
    name: "look up an orphan's owner",
    call: calls.find,
    promised: {
      ...dead,
      refused: ["503", "nothing", "request"],
      throttled: ["503", "nothing", "request"],
      "lost before": ["503", "nothing", "request"],
      "lost after": ["503", "nothing", "request"],
      "client gone": ["none", "registered", "request"],
    },
  },
  {
    ...late,
    name: "delete an orphan",
    call: calls.delete,
    promised: {
      ...dead,
      refused: ["503", "nothing", "request"],
      throttled: ["503", "nothing", "request"],
      "lost before": ["200", "registered", "request"],
      "lost after": ["200", "registered", "request"],
      "client gone": ["none", "registered", "request"],
    },
  },
];

/** Whatever hits the sweeper, the end is the one it was going for; only mails may be sent once more. */
const always = (...promised: NonNullable<Scene["promised"]["refused"]>): Scene["promised"] => ({
  refused: promised,
  throttled: promised,
  "lost before": promised,
  "lost after": promised,
  "killed before": promised,
  "killed after": promised,
});

const orphan = { ...sweep, arrangement: "a registration left its user" } as const;
const uninvited = { ...sweep, arrangement: "registered, not invited, its request gone" } as const;
const inGracePeriod = {
  ...sweep,
  arrangement: "rolled back, the create landed late, the grace period is over",
} as const;
const rolledBack = always("tracked", "nothing", "sweeper");
const twice = ["200", "registered", "sweeper", 2] as const;

const sweeper: ReadonlyArray<Scene> = [
  { ...orphan, name: "sweeper: lease", call: calls.lease, promised: rolledBack },
  { ...orphan, name: "sweeper: fence", call: calls.fence, promised: rolledBack },
  { ...orphan, name: "sweeper: AdminGetUser", call: calls.get, promised: rolledBack },
  { ...orphan, name: "sweeper: AdminDeleteUser", call: calls.delete, promised: rolledBack },
  { ...orphan, name: "sweeper: markRolledBack", call: calls.markRolledBack, promised: rolledBack },
  {
    ...orphan,
    name: "sweeper: defer",
    given: "AdminGetUser was throttled",
    call: calls.defer,
    also: [strike(calls.get, { answer: "throttle" })],
    promised: rolledBack,
  },
  {
    ...orphan,
    name: "sweeper: expire",
    arrangement: "a registration left its user, and another's key is old",
    call: calls.expire,
    promised: rolledBack,
  },
  {
    ...uninvited,
    name: "sweeper: RESEND",
    call: calls.resend,
    promised: { ...always("200", "registered", "sweeper"), "lost after": twice, "killed after": twice },
  },
  {
    ...uninvited,
    name: "sweeper: complete",
    call: calls.complete,
    promised: {
      ...always(...twice),
      "lost after": ["200", "registered", "sweeper"],
      "killed after": ["200", "registered", "sweeper"],
    },
  },
  {
    ...sweep,
    name: "sweeper: missing, first look",
    call: calls.missing,
    arrangement: "registered, then removed by hand",
    promised: always("200", "nothing", "sweeper"),
  },
  {
    ...sweep,
    name: "sweeper: missing, second look",
    call: calls.missing,
    arrangement: "registered, removed, and missed once",
    promised: always("200", "nothing", "sweeper"),
  },
  { ...inGracePeriod, name: "sweeper: final check", call: calls.get, promised: rolledBack },
  { ...inGracePeriod, name: "sweeper: delete at the final check", call: calls.delete, promised: rolledBack },
  { ...inGracePeriod, name: "sweeper: endGracePeriod", call: calls.endGracePeriod, promised: rolledBack },
];

export const backgroundScenes: ReadonlyArray<Scene> = [...afterwards, ...takeover, ...sweeper];
