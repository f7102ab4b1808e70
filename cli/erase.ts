/**
 * `npm run erase -- <id>`: makes the ledger forget one person: the address, the name, and what an operator has written about
 * them. Ids, actions and times stay; docs/operate.md says why. It says what it will do, and asks.
 */
import { Effect, Option } from "effect";
import type pg from "pg";
import { isUserId } from "../src/domain/user.ts";
import { withCommands } from "../src/layers/commands.ts";
import { erase, look } from "../src/layers/erasure.ts";
import { Directory } from "../src/ports/directory.ts";
import type { Deployment } from "../src/ports/settings.ts";
import { COMMON_HELP, CommandError, command, EXIT, type Exit, UsageError } from "./command.ts";
import { reason, withDatabase } from "./database.ts";
import { databaseUrl, deploymentSettings } from "./environment.ts";
import { answerTo } from "./terminal.ts";

const HELP = `npm run erase -- <id> [options]

Makes the database forget one person: address, name, and what operators have written about them. <id> is their user id,
or the id of a registration that came to no user. Ids, actions and times stay, and so does the audit trail. It cannot be
undone. It says what it will do, and asks first.

It refuses while the pool has the user (delete them first: DELETE /api/users/{id}) and while an operation about them is
open (it needs the address).

Options
  --without-pool     does not ask the pool: its keys are not here, or the ledger is to forget somebody who stays a user
  --yes              erases without asking
${COMMON_HELP}

Environment
  The settings of the deployment (docs/configuration.md). Without DATABASE_URL: the running local stack.

Exit codes
  0  erased, or there was nothing to erase
  1  something could not be read or done, and nothing was erased
  2  the command line is wrong
  3  refused, and nothing was erased
`;

const OPTIONS = { "without-pool": { type: "boolean" }, yes: { type: "boolean" } } as const;

interface Found {
  readonly person: string;
  readonly operations: number;
  readonly personal: number;
  readonly keys: number;
  readonly open: number;
  readonly trail: number;
}

const some = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** What FLIP's newer schema keeps of a user, where it is there. */
const profiles = async (client: pg.Client, person: string): Promise<number> => {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('user_profile') is not null as there",
  );
  if (rows[0]?.there !== true) return 0;
  const named = "user_id = $1 and (name <> '' or organisation <> '')";
  const found = await client.query(`select from user_profile where ${named}`, [person]);
  return found.rowCount ?? 0;
};

const emptyProfile = (client: pg.Client, person: string) =>
  client.query(
    "update user_profile set name = '', organisation = '', updated_at = now() where user_id = $1",
    [person],
  );

/** Why nothing may be erased yet. */
const whyNot = async ({ person, open }: Found, withoutPool: boolean): Promise<string | undefined> => {
  if (open > 0)
    return `${some(open, "operation")} about ${person} ${open === 1 ? "is" : "are"} open: GET /api/operations?userId=${person} says what happens next.`;
  if (withoutPool) return undefined;
  const inPool = await isInPool(settings(), person).catch(() => {
    throw new CommandError("The pool does not answer, or refuses the keys. Nothing was erased.");
  });
  return inPool
    ? `The pool has the user ${person}. Delete them first (DELETE /api/users/${person}), or say --without-pool.`
    : undefined;
};

const settings = () => {
  try {
    return deploymentSettings();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(`${error.message} --without-pool does without the pool's settings.`);
  }
};

/** Whether the pool has them. Rejects where it does not answer. */
const isInPool = (deployment: Deployment, person: string): Promise<boolean> =>
  withCommands(deployment, ({ run }) =>
    run(Effect.flatMap(Directory, (directory) => Effect.map(directory.profile(person), Option.isSome))),
  );

const isAgreed = async (): Promise<boolean> =>
  (await answerTo("Erase this? Write yes to do so:", "Nobody can be asked here: say --yes to erase.")) ===
  "yes";

const plan = ({ person, operations, personal, keys, trail }: Found, profile: number): string =>
  [
    `About ${person} the ledger has ${some(operations, "operation")}.`,
    `Erased: address, name and operators' words of ${some(personal, "operation")}; ${some(keys, "idempotency key")}, so that a repeat of such a request is a new one${profile > 0 ? "; name and organisation in FLIP's user_profile" : ""}.`,
    `Kept: the ids, kinds, states and times of these operations, and ${some(trail, "row")} of the audit trail: ids, actions and times.`,
  ].join("\n");

/** Looks, refuses or asks, and erases: all of it or nothing. */
const eraseOne = (
  id: string,
  said: { readonly withoutPool: boolean; readonly yes: boolean },
): Promise<Exit> =>
  withDatabase(databaseUrl(), async (client) => {
    const { rows } = await client.query<Found>(look.text, [...look.parameters({ id })]);
    const found = rows[0] as Found;
    const profile = await profiles(client, found.person);
    const refusal = await whyNot(found, said.withoutPool);
    if (refusal !== undefined) {
      console.error(refusal);
      return EXIT.refused;
    }
    if (found.personal + found.keys + profile === 0) {
      console.log(`There is nothing to erase of ${found.person}.`);
      return EXIT.good;
    }
    console.log(plan(found, profile));
    if (!said.yes && !(await isAgreed())) throw new CommandError("Nothing was erased.");
    await client.query("begin");
    const erased = await client.query(erase.text, [...erase.parameters({ id })]);
    if (profile > 0) await emptyProfile(client, found.person);
    if (erased.rowCount === 0 && found.personal + found.keys > 0) {
      await client.query("rollback");
      console.error("Somebody has just begun an operation about this person. Nothing was erased.");
      return EXIT.refused;
    }
    await client.query("commit");
    console.log(`Erased: ${some(erased.rowCount ?? 0, "operation")}.`);
    return EXIT.good;
  }).catch((error: unknown) => {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`Nothing was erased: ${reason(error)}`);
  });

if (import.meta.main) {
  await command({ help: HELP, options: OPTIONS, operand: "<id>" }, async (values, operand) => {
    const id = operand.toLowerCase();
    if (!isUserId(id)) throw new UsageError("<id> is the id of a user or of an operation.");
    return eraseOne(id, {
      withoutPool: values["without-pool"] === true,
      yes: values.yes === true,
    });
  });
}
