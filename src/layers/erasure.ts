/** What `npm run erase` needs of the adapters: two statements, and whether the pool still has somebody. */
import { Effect, Layer, Option } from "effect";
import { CognitoClient } from "../adapters/cognito/client.ts";
import { DirectoryCognito } from "../adapters/cognito/directory.ts";
import { Directory } from "../ports/directory.ts";
import { type Deployment, Settings } from "../ports/settings.ts";

export { erase, look } from "../adapters/postgres/erasure-statements.ts";

/** Whether the pool has a user with this `sub`. Rejects where it does not answer. */
export const isInPool = (deployment: Deployment, sub: string): Promise<boolean> =>
  Effect.flatMap(Directory, (directory) => Effect.map(directory.profile(sub), Option.isSome)).pipe(
    Effect.provide(DirectoryCognito.pipe(Layer.provide(CognitoClient.layer))),
    Effect.provide(Settings.layer(deployment)),
    Effect.runPromise,
  );
