/**
 * The rows for a request: every remote call it can make, and what is promised when that call fails in each way.
 * docs/protocol.md is where the promises come from; none is copied from what the program did.
 */
import { type Call, type Scene, strike } from "./cell.ts";

const database = (name: string): Call => ({ target: "database", match: `=ledger.${name}` });
const cognito = (operation: string): Call => ({ target: "cognito", match: `=${operation}` });

export const calls = {
  open: database("open"),
  commit: database("commit"),
  fence: database("fence"),
  markRolledBack: database("markRolledBack"),
  reject: database("reject"),
  abandon: database("abandon"),
  acknowledge: database("acknowledge"),
  complete: database("complete"),
  find: database("find"),
  lease: database("lease"),
  missing: database("missing"),
  endGracePeriod: database("endGracePeriod"),
  defer: database("defer"),
  expire: database("expire"),
  create: cognito("AdminCreateUser"),
  get: cognito("AdminGetUser"),
  delete: cognito("AdminDeleteUser"),
  resend: { target: "cognito", match: "AdminCreateUser RESEND" },
} satisfies Record<string, Call>;

const refused = { answer: "error" } as const;
const never = { answer: "reset", effect: "none" } as const;
const landed = { answer: "reset", effect: "applied" } as const;

/** Whenever the isolate dies or the client leaves on the way to a registration. */
const onTheWay = {
  "killed before": ["none", "nothing", "sweeper"],
  "killed after": ["none", "nothing", "sweeper"],
  "client gone": ["none", "registered", "request"],
} as const;

/** Whenever the isolate dies or the client leaves on the way back. */
const onTheWayBack = { ...onTheWay, "client gone": ["none", "nothing", "request"] } as const;

/** The last statement of a request that has its answer already: only the ledger's own row is left to be closed. */
const closing = (
  heard: "try again" | "refused" | "exists" | "503",
  end: "nothing" | "foreign user" = "nothing",
) =>
  ({
    refused: [heard, end, "sweeper"],
    throttled: [heard, end, "sweeper"],
    "lost before": [heard, end, "sweeper"],
    "lost after": [heard, end, "request"],
    "killed before": ["none", end, "sweeper"],
    "killed after": ["none", end, "request"],
    "client gone": ["none", end, "request"],
  }) as const;

const request = { phase: "request" } as const;

export const requestScenes: ReadonlyArray<Scene> = [
  {
    ...request,
    name: "open",
    call: calls.open,
    promised: {
      ...onTheWay,
      refused: ["500", "nothing", "nobody"],
      throttled: ["200", "registered", "request"],
      "lost before": ["200", "registered", "request"],
      "lost after": ["200", "registered", "request"],
      "killed before": ["none", "nothing", "nobody"],
    },
  },
  {
    ...request,
    name: "open, both times",
    call: calls.open,
    times: 2,
    promised: {
      throttled: ["503", "nothing", "nobody"],
      "lost before": ["503", "nothing", "nobody"],
      "lost after": ["503", "nothing", "sweeper"],
    },
  },
  {
    ...request,
    name: "create",
    call: calls.create,
    promised: {
      ...onTheWay,
      refused: ["refused", "nothing", "request"],
      throttled: ["503", "nothing", "request"],
      "lost before": ["tracked", "nothing", "sweeper"],
      "lost after": ["200", "registered", "request"],
    },
  },
  {
    ...request,
    name: "read back",
    given: "the create landed, its answer was lost",
    call: calls.get,
    also: [strike(calls.create, landed)],
    promised: {
      ...onTheWay,
      refused: ["tracked", "nothing", "sweeper"],
      throttled: ["tracked", "nothing", "sweeper"],
      "lost before": ["200", "registered", "request"],
      "lost after": ["200", "registered", "request"],
    },
  },
  {
    ...request,
    name: "read back, both times",
    given: "the create landed, its answer was lost",
    call: calls.get,
    times: 2,
    also: [strike(calls.create, landed)],
    promised: {
      "lost before": ["tracked", "nothing", "sweeper"],
      "lost after": ["tracked", "nothing", "sweeper"],
    },
  },
  {
    ...request,
    name: "read back",
    given: "the create was lost, and never landed",
    call: calls.get,
    also: [strike(calls.create, never)],
    promised: {
      ...onTheWay,
      refused: ["tracked", "nothing", "sweeper"],
      throttled: ["tracked", "nothing", "sweeper"],
      "lost before": ["tracked", "nothing", "sweeper"],
      "lost after": ["tracked", "nothing", "sweeper"],
      "client gone": ["none", "nothing", "sweeper"],
    },
  },
  {
    ...request,
    name: "read back",
    given: "a foreign user has the address",
    call: calls.get,
    arrangement: "a foreign user has the address",
    promised: {
      refused: ["503", "foreign user", "request"],
      throttled: ["503", "foreign user", "request"],
      "lost before": ["exists", "foreign user", "request"],
      "lost after": ["exists", "foreign user", "request"],
      "killed before": ["none", "foreign user", "sweeper"],
      "killed after": ["none", "foreign user", "sweeper"],
      "client gone": ["none", "foreign user", "request"],
    },
  },
  {
    ...request,
    name: "commit",
    call: calls.commit,
    promised: {
      ...onTheWay,
      refused: ["try again", "nothing", "request"],
      throttled: ["200", "registered", "request"],
      "lost before": ["200", "registered", "request"],
      "lost after": ["200", "registered", "request"],
      "killed after": ["none", "registered", "sweeper"],
    },
  },
  {
    ...request,
    name: "commit, both times",
    call: calls.commit,
    times: 2,
    promised: {
      throttled: ["try again", "nothing", "request"],
      "lost before": ["try again", "nothing", "request"],
      "lost after": ["200", "registered", "request"],
    },
  },
  {
    ...request,
    name: "fence",
    given: "the commit was refused",
    call: calls.fence,
    also: [strike(calls.commit, refused)],
    promised: {
      ...onTheWayBack,
      refused: ["try again", "nothing", "sweeper"],
      throttled: ["try again", "nothing", "sweeper"],
      "lost before": ["try again", "nothing", "sweeper"],
      "lost after": ["try again", "nothing", "request"],
    },
  },
  ...(["fence", "find"] as const).map(
    (name): Scene => ({
      ...request,
      name: name === "find" ? "fence, its second read" : name,
      call: calls[name],
      given: "the commit landed, both its answers were lost",
      also: [strike(calls.commit, landed, 2)],
      promised: {
        refused: ["try again", "nothing", "sweeper"],
        throttled: ["try again", "nothing", "sweeper"],
        "lost before": ["try again", "nothing", "sweeper"],
        "lost after": ["try again", "nothing", "sweeper"],
        "killed before": ["none", "registered", "sweeper"],
        "killed after": ["none", "registered", "sweeper"],
        "client gone": ["none", "registered", "request"],
      },
    }),
  ),
  {
    ...request,
    name: "delete",
    given: "the commit was refused",
    call: calls.delete,
    also: [strike(calls.commit, refused)],
    promised: {
      ...onTheWayBack,
      refused: ["tracked", "nothing", "sweeper"],
      throttled: ["tracked", "nothing", "sweeper"],
      "lost before": ["try again", "nothing", "request"],
      "lost after": ["try again", "nothing", "request"],
    },
  },
  {
    ...request,
    name: "delete, both times",
    given: "the commit was refused",
    call: calls.delete,
    times: 2,
    also: [strike(calls.commit, refused)],
    promised: {
      "lost before": ["tracked", "nothing", "sweeper"],
      "lost after": ["tracked", "nothing", "sweeper"],
    },
  },
  {
    ...request,
    name: "markRolledBack",
    given: "the commit was refused",
    call: calls.markRolledBack,
    also: [strike(calls.commit, refused)],
    promised: closing("try again"),
  },
  {
    ...request,
    name: "reject",
    given: "the create was refused",
    call: calls.reject,
    also: [strike(calls.create, refused)],
    promised: closing("refused"),
  },
  {
    ...request,
    name: "reject",
    given: "a foreign user has the address",
    call: calls.reject,
    arrangement: "a foreign user has the address",
    promised: closing("exists", "foreign user"),
  },
  {
    ...request,
    name: "abandon",
    given: "the create was throttled",
    call: calls.abandon,
    also: [strike(calls.create, { answer: "throttle" })],
    promised: closing("503"),
  },
];
