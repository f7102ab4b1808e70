/**
 * The way between a program and the world: every call of every service goes through one `send`, so that a test can
 * decide when it takes effect, whether at all, and what the caller hears of it.
 */
import { Clock, Effect } from "effect";
import type { User, World } from "./world.ts";

export type CallName =
  | "wakeUp.arm"
  | `identity.${"create" | "find" | "unmetHolders" | "remove" | "invite"}`
  | `directory.${"profile" | "page" | "enable" | "disable" | "resetMfa" | "secondFactors"}`
  | `changes.${"open" | "setProfile" | "finish" | "refuse" | "mayComeIn" | "isNewest" | "endGracePeriod"}`
  | `access.${"mayManageUsers" | "setRoles" | "haveActed" | "accountsOf" | "isRemoved" | "lookUp" | "profilesLike"}`
  | `ledger.${
      | "open"
      | "commit"
      | "fence"
      | "markRolledBack"
      | "reject"
      | "abandon"
      | "acknowledge"
      | "complete"
      | "missing"
      | "seen"
      | "endGracePeriod"
      | "heard"
      | "find"
      | "lease"
      | "holderOf"
      | "defer"
      | "setAside"
      | "expire"}`;

/** What an act sees: the time, and the pool as a read finds it (an earlier one, where the read is stale). */
export interface Moment {
  readonly now: number;
  readonly users: ReadonlyArray<User>;
}

/** One call on its way. `act` is its whole effect, in one moment; `about` is whom it names. */
export interface Call<A> {
  readonly operation: CallName;
  readonly about: string;
  readonly act: (moment: Moment) => A;
}

/**
 * What a caller may hear instead of an answer. `unknown` proves nothing; the others prove that nothing happened:
 * refused for good, refused for now, refused because the deployment is wrong.
 */
export type Word = "unknown" | "refused" | "throttled" | "misconfigured";

export interface Wire {
  readonly send: <A>(call: Call<A>) => Effect.Effect<A, Word>;
}

/** The wire on which nothing goes wrong. */
export const directWire = (world: World): Wire => ({
  send: ({ act }) => Effect.map(Clock.currentTimeMillis, (now) => act({ now, users: world.users })),
});
