/**
 * Random lives: any sequence of what administrators do to a few users, each step with a fault or without, alone or
 * together with the next, and with time and sweeps in between. Effects may land late, but within the horizon.
 */
import fc from "fast-check";
import type { Fault } from "../../dev/faults.ts";
import { roles } from "../../dev/seed.ts";
import type { Fixture } from "./fixture.ts";
import { ask } from "./life.ts";
import { contradictions, type RolesById, sweepOut, watchRoles } from "./life-story.ts";
import { quiet } from "./moments.ts";

/** What happens to the call of a step. `late`: it lands so many milliseconds after its answer was lost. */
interface Trouble {
  readonly where: "open" | "act" | "finish";
  readonly answer: "reset" | "500" | "error";
  readonly effect: "none" | "applied";
  readonly late: number | undefined;
  /** 1: the repeat goes through. */
  readonly times: 1 | 2;
}

const deeds = ["register", "set roles", "disable", "enable", "delete", "invite", "reset MFA"] as const;
type Deed = (typeof deeds)[number];

/** One step of a life. `together`: the next one does not wait for its answer. */
export type Step =
  | {
      readonly deed: Deed;
      readonly user: number;
      readonly to: ReadonlyArray<string>;
      readonly trouble: Trouble | null;
      readonly together: boolean;
    }
  /** Seconds pass, and the sweeper comes by; it may meet trouble with what it carries out. */
  | { readonly deed: "time"; readonly seconds: number; readonly met: Deed; readonly trouble: Trouble | null };

const trouble: fc.Arbitrary<Trouble> = fc.record({
  where: fc.constantFrom("open", "act", "act", "act", "finish"),
  answer: fc.constantFrom("reset", "500", "error"),
  effect: fc.constantFrom("none", "applied"),
  late: fc.option(fc.integer({ min: 1, max: 150 }), { nil: undefined }),
  times: fc.constantFrom(1, 2),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      // What can contradict itself comes more often.
      deed: fc.constantFrom(...deeds, "disable", "disable", "enable", "enable", "set roles"),
      user: fc.constantFrom(0, 0, 1, 2),
      to: fc.subarray([roles.researcher, roles.observer]),
      trouble: fc.option(trouble, { freq: 2 }),
      together: fc.boolean(),
    }),
  },
  {
    weight: 2,
    // Half a minute makes changes stale, and lands well before anything late; an hour passes only when all is quiet.
    arbitrary: fc.record({
      deed: fc.constant("time" as const),
      seconds: fc.constantFrom(30, 3600),
      met: fc.constantFrom(...deeds),
      trouble: fc.option(trouble),
    }),
  },
);

export const life: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 1, maxLength: 12 });

const requests: Record<Deed, { what: string; act: string }> = {
  register: { what: "POST /api/step/users", act: "/* ledger.commit */" },
  "set roles": { what: "POST /api/users/{id}/roles", act: "/* access.setRoles */" },
  disable: { what: "PUT /api/users/{id}", act: "AdminDisableUser" },
  enable: { what: "PUT /api/users/{id}", act: "AdminEnableUser" },
  delete: { what: "DELETE /api/users/{id}", act: "AdminDeleteUser" },
  invite: { what: "POST /api/users/{id}/invitation", act: "RESEND" },
  "reset MFA": { what: "POST /api/users/{id}/mfa/reset", act: "AdminUserGlobalSignOut" },
};

function faultOf(deed: Deed, { where, answer, effect, late, times }: Trouble): Fault {
  const act = requests[deed].act;
  const match =
    where === "act"
      ? act
      : where === "finish"
        ? "/* changes.finish */"
        : deed === "register"
          ? "=AdminCreateUser"
          : "/* changes.open */";
  const target = match.startsWith("/*") ? "database" : "cognito";
  return {
    ...{ target, match, effect, answer, times },
    ...(answer === "error" && { code: target === "cognito" ? "InternalErrorException" : "08006" }),
    ...(effect === "applied" && late !== undefined && { late }),
  };
}

const addressOf = (user: number) => `user-${user}@flip.example`;

/** Lives one life, then lets the sweeper finish, and answers what is wrong with the story: nothing, it is hoped. */
export async function live(fixture: Fixture, steps: ReadonlyArray<Step>): Promise<string[]> {
  const { stack, worker } = fixture;
  await quiet(stack);
  await stack.reset();
  const seen: RolesById = watchRoles(stack);
  const subs = new Map<number, string>();
  const underWay: Promise<unknown>[] = [];
  const faults: Fault[] = [];
  // Two users are there from the start; the third has to be registered by the life itself.
  for (const user of [0, 1])
    await ask(fixture, "POST /api/step/users", { body: { email: addressOf(user), roles: [] } });

  for (const one of steps) {
    if (one.deed === "time") {
      if (one.seconds > 600) {
        await Promise.allSettled(underWay.splice(0));
        await quiet(stack);
      }
      await stack.age(one.seconds);
      if (one.trouble !== null) faults.push(faultOf(one.met, one.trouble));
      stack.faults.set(faults);
      await worker.sweep();
      continue;
    }
    const { deed, user, to, together } = one;
    const id = stack.cognito.getUser(addressOf(user))?.sub ?? subs.get(user) ?? crypto.randomUUID();
    subs.set(user, id);
    if (one.trouble !== null) faults.push(faultOf(deed, one.trouble));
    stack.faults.set(faults);
    const body = {
      ...(deed === "register" && { email: addressOf(user) }),
      ...(deed === "register" || deed === "set roles" ? { roles: to } : { disabled: deed === "disable" }),
    };
    const sent = ask(fixture, requests[deed].what.replace("{id}", id), { body });
    if (together) underWay.push(sent);
    else {
      await sent;
      faults.length = 0;
    }
  }
  await Promise.allSettled(underWay);
  await quiet(stack);
  stack.faults.set([]);
  await sweepOut(fixture);
  return contradictions(stack, { roles: seen });
}
