/** The directory in memory: the same pool as IdentityProviderMemory's, as administrators see it. */
import { Effect, Layer, Option } from "effect";
import { countCall } from "../../../src/ports/budget.ts";
import { Directory, EXTERNAL_PROVIDER, type Profile } from "../../../src/ports/directory.ts";
import type { IdentityProviderError } from "../../../src/ports/identity-provider.ts";
import { named, poolFailure } from "./identity-provider.ts";
import { type Call, directWire, type Wire } from "./wire.ts";
import { changeUser, type User, type World } from "./world.ts";

const profileOf = ({ sub, tag, email, name, enabled, confirmed, totp, federated }: User): Profile => ({
  sub,
  tag,
  email,
  emailVerified: !federated,
  name,
  enabled,
  totp,
  status: federated ? EXTERNAL_PROVIDER : confirmed ? "CONFIRMED" : "FORCE_CHANGE_PASSWORD",
});

/** What each call is in the provider's errors. */
const OPERATIONS = {
  profile: "find",
  page: "list",
  enable: "enable",
  disable: "disable",
  resetMfa: "reset MFA",
  secondFactors: "find",
} as const satisfies Record<string, IdentityProviderError["operation"]>;

/** The service itself, for those who do without layers. */
export const makeDirectory = (world: World, wire: Wire) => {
  const call = <A>(name: keyof typeof OPERATIONS, about: string, act: Call<A>["act"]) =>
    countCall
      .pipe(Effect.andThen(wire.send({ operation: `directory.${name}`, about, act })))
      .pipe(Effect.mapError(poolFailure(OPERATIONS[name])));

  const change = (name: "enable" | "disable" | "resetMfa", sub: string, to: Partial<User>) =>
    call(name, sub, () => (changeUser(world, sub, to) ? ("done" as const) : ("absent" as const)));

  return Directory.of({
    profile: (key) =>
      call("profile", key, ({ users }) =>
        Option.map(Option.fromNullishOr(users.find(named(key))), profileOf),
      ),

    page: (limit, cursor) =>
      Effect.gen(function* () {
        const from = cursor === null ? 0 : Number(cursor.replace(/^after /, ""));
        if (Number.isNaN(from)) return yield* Effect.fail(poolFailure("list")("refused"));
        return yield* call("page", "", ({ users }) => ({
          users: users
            .slice(from, from + limit)
            .map(profileOf)
            .map(({ totp: _, ...listed }) => listed),
          next: users.length > from + limit ? `after ${from + limit}` : null,
        }));
      }),

    setEnabled: (sub, enabled) => change(enabled ? "enable" : "disable", sub, { enabled }),
    resetMfa: (sub) => change("resetMfa", sub, { totp: false }),
    secondFactors: (sub) =>
      call("secondFactors", sub, ({ users }) => {
        const user = users.find(named(sub));
        if (user === undefined) return "absent" as const;
        return user.totp ? ["SOFTWARE_TOKEN_MFA"] : [];
      }),
  });
};

export const DirectoryMemory = (world: World, wire: Wire = directWire(world)) =>
  Layer.succeed(Directory, makeDirectory(world, wire));
