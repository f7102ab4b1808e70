/**
 * `npm run drift`: compares the pool with the database and lists where they say different things of the same people. What can
 * be done about a difference it offers, one by one; it never acts by itself.
 */
import { Option } from "effect";
import { isUserId, type UserId } from "../src/domain/user.ts";
import { type Commands, withCommands } from "../src/layers/commands.ts";
import { type Difference, OFFERS, type Offer, whoIs } from "../src/programs/drift.ts";
import { COMMON_HELP, CommandError, command, EXIT, type Exit, UsageError } from "./command.ts";
import { type Counts, compare } from "./drift/compare.ts";
import { type Failure, type Move, make, moveOf, question, sentence } from "./drift/moves.ts";
import { progressIn } from "./drift/progress.ts";
import { lines, ndjson, table } from "./drift/table.ts";
import { deploymentSettings } from "./environment.ts";
import { answerTo } from "./terminal.ts";

const HELP = `npm run drift [-- options]

Compares the user pool with the database: users without a record, records without a user, grants for nobody, users
disabled on one side only, one mailbox twice. Changes nothing, unless a move is asked for.

Options
  --ndjson           one JSON object a line instead of the table
  --progress <file>  keeps how far it has come, and goes on there when it is run again
  --as <who>         the administrator, by id or address, in whose name moves are made. With it, on a terminal, each
                     move that is possible is offered, one by one
  --adopt <id>       writes down a user of the pool whom no record knows
  --link <id> --to <id>
                     gives the grants of a user who is gone to the one who has their verified address now
  --delete <id>      an ordinary deletion: grants, account, audit row
  --yes              makes the move without asking
${COMMON_HELP}

Environment
  The settings of the deployment (docs/configuration.md). Without DATABASE_URL: the running local stack.

Exit codes
  0  pool and database agree, or the move was made
  1  something could not be read or done
  2  the command line is wrong
  3  the move was refused, and nothing was done
  4  there are differences
`;

const OPTIONS = {
  ndjson: { type: "boolean" },
  progress: { type: "string" },
  as: { type: "string" },
  adopt: { type: "string" },
  link: { type: "string" },
  delete: { type: "string" },
  to: { type: "string" },
  yes: { type: "boolean" },
} as const;

type Values = Partial<Record<"progress" | "as" | "to" | Offer, string> & Record<"ndjson" | "yes", boolean>>;

const idOf = (option: string, value: string | undefined): UserId => {
  if (value === undefined) throw new UsageError(`--${option} is missing.`);
  const id = value.toLowerCase();
  if (!isUserId(id)) throw new UsageError(`--${option} takes the id of a user.`);
  return id;
};

/** The move that the command line asks for; none: it asks for the comparison. */
const askedFor = (values: Values): Move | undefined => {
  const asked = OFFERS.filter((offer) => values[offer] !== undefined);
  const [offer] = asked;
  if (asked.length > 1) throw new UsageError("One move at a time: --adopt, --link or --delete.");
  if (values.to !== undefined && offer !== "link") throw new UsageError("--to belongs to --link.");
  if (offer === undefined) {
    if (values.yes) throw new UsageError("--yes answers what --adopt, --link or --delete asks.");
    return undefined;
  }
  if (values.ndjson || values.progress !== undefined)
    throw new UsageError("--ndjson and --progress belong to the comparison.");
  if (values.as === undefined) throw new UsageError("--as is missing: each move is somebody's.");
  const subject = idOf(offer, values[offer]);
  return offer === "link" ? { offer, subject, to: idOf("to", values.to) } : { offer, subject };
};

const NOBODY = "Nobody can be asked here: say --yes.";

/** The first letter of what somebody answers. */
const letterOf = async (text: string, answers: string): Promise<string> =>
  (await answerTo(`${text} [${answers}]`, NOBODY)).charAt(0);

const isTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** The id of whom `--as` names. Whether they manage users, each move asks. */
const actor = async ({ run }: Commands, who: string): Promise<UserId> => {
  const found = await run(whoIs(isUserId(who.toLowerCase()) ? who.toLowerCase() : who)).catch(said);
  if (Option.isNone(found)) throw new CommandError("The pool has nobody whom --as names.");
  return found.value.sub;
};

const said = (failure: unknown): never => {
  if (typeof failure !== "object" || failure === null || !("_tag" in failure)) throw failure;
  throw new CommandError(sentence(failure as Failure));
};

/** Makes one move. A refusal is told, and is no failure of the command. */
const carryOut = async ({ run }: Commands, move: Move, caller: UserId): Promise<Exit> => {
  try {
    console.log(await run(make(move, caller)));
    return EXIT.good;
  } catch (failure) {
    if (typeof failure !== "object" || failure === null || !("_tag" in failure)) throw failure;
    console.error(sentence(failure as Failure));
    const tag = (failure as Failure)._tag;
    return ["Unavailable", "DatabaseRefused", "ChangeTracked", "ChangeRefused"].includes(tag)
      ? EXIT.wrong
      : EXIT.refused;
  }
};

/** Offers what can be done, difference by difference. */
const offer = async (commands: Commands, differences: ReadonlyArray<Difference>, caller: UserId) => {
  for (const difference of differences.filter(({ offers }) => offers.length > 0)) {
    console.error(lines(difference)[0]);
    const answers = [...difference.offers, "skip", "quit"];
    const answer = await letterOf(answers.join(", "), answers.map((word) => word.charAt(0)).join("/"));
    if (answer === "q") return;
    const chosen = difference.offers.find((one) => one.startsWith(answer) && answer !== "");
    if (chosen === undefined) continue;
    const move = moveOf(chosen, difference);
    if ((await letterOf(question(move), "y/n")) === "y") await carryOut(commands, move, caller);
  }
};

/** How far the comparison has come, on a terminal in one line. */
const report = ({ pool, database }: Counts): void => {
  if (process.stderr.isTTY)
    process.stderr.write(`\r${pool} users of the pool, ${database} of the database compared`);
};

if (import.meta.main) {
  await command({ help: HELP, options: OPTIONS }, async (values) => {
    const move = askedFor(values);
    return withCommands(deploymentSettings(), async (commands) => {
      const caller = values.as === undefined ? undefined : await actor(commands, values.as);
      if (move !== undefined && caller !== undefined) {
        if (!values.yes && !isTerminal()) throw new UsageError(NOBODY);
        if (!values.yes && (await letterOf(question(move), "y/n")) !== "y") return EXIT.refused;
        return carryOut(commands, move, caller);
      }
      const progress = progressIn(values.progress);
      const differences = await commands.run(compare(progress, report)).catch(said);
      if (process.stderr.isTTY) process.stderr.write("\n");
      if (values.ndjson) process.stdout.write(ndjson(differences));
      else console.log(table(differences));
      if (caller !== undefined && isTerminal() && !values.ndjson) await offer(commands, differences, caller);
      return differences.length === 0 ? EXIT.good : EXIT.differs;
    });
  });
}
