/** The database of worker-hyperdrive.ts, by itself, inside workerd: one statement a request, and what became of it. */
import { Cause, Effect, Exit, Layer, ManagedRuntime, Option } from "effect";
import { DatabaseHyperdrive } from "../../../src/adapters/pg/hyperdrive.ts";
import { Database, type DatabaseError, type Parameter } from "../../../src/ports/database.ts";
import { Settings } from "../../../src/ports/settings.ts";
import { readSettings } from "../../../src/settings.ts";

/** What is sent. */
export interface Asked {
  /** Numbers as text. */
  readonly locks: ReadonlyArray<string>;
  readonly name: string;
  readonly text: string;
  readonly parameters: ReadonlyArray<Parameter>;
}

/** What is answered. */
export type Told =
  | { readonly rows: ReadonlyArray<unknown> }
  | { readonly error: { readonly statement: string; readonly reason: DatabaseError["reason"] } };

const make = (bindings: object) =>
  ManagedRuntime.make(
    DatabaseHyperdrive.pipe(Layer.provide(Settings.layer(readSettings(bindings, ["hyperdrive"])))),
  );
let runtime: ReturnType<typeof make> | undefined;

export default {
  async fetch(request: Request, bindings: object): Promise<Response> {
    runtime ??= make(bindings);
    const { locks, name, text, parameters } = (await request.json()) as Asked;
    const statement = { name, text, parameters: () => parameters };
    const asked = Effect.flatMap(Database, (database) =>
      locks.length === 0
        ? database.query(statement, {})
        : database.queryAlone(locks.map(BigInt), statement, {}),
    );
    const exit = await runtime.runPromiseExit(asked);
    if (Exit.isSuccess(exit)) return Response.json({ rows: exit.value } satisfies Told);
    const error = Option.getOrThrow(Cause.findErrorOption(exit.cause));
    const reason = JSON.parse(JSON.stringify(error.reason));
    return Response.json({ error: { statement: error.statement, reason } } satisfies Told);
  },
};
