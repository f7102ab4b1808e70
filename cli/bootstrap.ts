/**
 * `npm run bootstrap`: the first administrator of a database that has its tables. Seeds FLIP's roles and permissions where there
 * are none, registers the administrator or finds them in the pool, grants the role, and audits. May be run again after any
 * failure; refuses where somebody manages users already.
 */
import { Cause, Effect, Exit, Option, Schema } from "effect";
import { Email, isUserId, Name, RoleId } from "../src/domain/user.ts";
import { withCommands } from "../src/layers/commands.ts";
import { bootstrap, type First, type Manager } from "../src/programs/bootstrap.ts";
import { COMMON_HELP, CommandError, command, EXIT, RefusedError, UsageError } from "./command.ts";
import { deploymentSettings } from "./environment.ts";

const HELP = `npm run bootstrap -- --email <address> [options]

Makes the first administrator: seeds FLIP's roles and permissions where there are none, registers the user in the pool
and the database, or finds them in the pool, and grants them the role Admin. It may be run again after any failure.

Options
  --email <address>  who is to be the administrator; a user of the pool who has the address is granted the role
  --user <id>        instead of the address: a user of the pool, by their sub
  --name <name>      what they are called, where they are registered
  --role <id>        another role than FLIP's Admin; it has to hold CAN_MANAGE_USERS
  --invite           mails them another invitation, where they have not signed in
  --json             the outcome as JSON
${COMMON_HELP}

Environment
  The settings of the deployment (docs/configuration.md). Without DATABASE_URL: the running local stack.

Exit codes
  0  they manage users, from now on or since an earlier run
  1  it could not be done; what is said tells whether to run it again
  2  the command line is wrong
  3  refused: somebody manages users already, or these may not
`;

const OPTIONS = {
  email: { type: "string" },
  user: { type: "string" },
  name: { type: "string" },
  role: { type: "string" },
  invite: { type: "boolean" },
  json: { type: "boolean" },
} as const;

interface Values {
  readonly email?: string | undefined;
  readonly user?: string | undefined;
  readonly name?: string | undefined;
  readonly role?: string | undefined;
  readonly invite?: boolean | undefined;
}

const decode = <A>(schema: Schema.Codec<A, string>, option: string, value: string): A => {
  const decoded = Schema.decodeUnknownOption(schema)(value);
  if (Option.isNone(decoded)) throw new UsageError(`--${option} is not as it has to be.`);
  return decoded.value;
};

function asked({ email, user, name, role, invite = false }: Values): First {
  if ((email === undefined) === (user === undefined))
    throw new UsageError("Say who: --email <address>, or --user <id>. --help lists the options.");
  if (user !== undefined && !isUserId(user))
    throw new UsageError("--user takes the sub of a user of the pool.");
  return {
    who: user ?? decode(Email, "email", email ?? ""),
    name: name === undefined ? null : decode(Name, "name", name),
    role: role === undefined ? null : decode(RoleId, "role", role),
    invite,
  };
}

type Failure = Cause.Cause<Effect.Error<ReturnType<typeof bootstrap>>>;

/** What a failure is to whoever runs the command. */
function failed(cause: Failure): CommandError {
  const failure = Cause.findErrorOption(cause);
  if (Option.isNone(failure)) throw Cause.squash(cause);
  const error = failure.value;
  switch (error._tag) {
    case "AlreadyManaged":
      return new RefusedError(
        `Users are managed already, by ${error.managers.join(", ") || "somebody else"}. Ask them.`,
      );
    case "NotLetIn":
      return new RefusedError(`${error.sub} is disabled, removed or lost, and cannot be the administrator.`);
    case "NoManagingRole":
      return new RefusedError(noRole(error.roles));
    case "UserNotFound":
      return new RefusedError("The pool has no such user. With --email they are registered.");
    case "UserExists":
      return new RefusedError(
        `The pool has the address already, in another spelling${error.userId ? `: --user ${error.userId}` : ""}.`,
      );
    case "RegistrationInProgress":
      return new CommandError(
        `Registration ${error.operationId} of this address is open. Run it again in ${error.retryAfter ?? 60} s.`,
      );
    case "RegistrationRolledBack":
      return new CommandError("Nothing was registered, and nothing is left over. Run it again.");
    case "CleanupRequired":
      return new CommandError(
        `Whether the pool has the user is not known. Registration ${error.operationId} stays open, and no other is begun for the address until it is resolved: run it again after HORIZON_SECONDS.`,
      );
    case "Unavailable":
      return new CommandError(`The ${error.dependency} does not answer. Run it again.`);
    case "DatabaseRefused":
      return new CommandError("The database refuses a statement: npm run migrate, then npm run doctor.");
    default:
      return new CommandError(`It could not be done (${error._tag}). npm run doctor says what is wrong.`);
  }
}

const noRole = (roles: ReadonlyArray<RoleId>): string =>
  roles.length === 0
    ? "The database has roles or permissions, and no role holds CAN_MANAGE_USERS: nothing was written over. Give it to a role, or start FLIP once, which does."
    : `That role does not hold CAN_MANAGE_USERS. Say --role, with one that does: ${roles.join(", ")}.`;

const OUTCOMES = {
  registered: "is registered, and manages users from now on",
  granted: "was in the pool, and manages users from now on",
  already: "manages users already; nothing was changed",
} as const;

const INVITATIONS = {
  finished: [],
  sent: ["An invitation is sent."],
  waiting: ["The registration is not finished: the sweeper does that, and invites them. Or say --invite."],
} as const;

const seededLine = ({ roles, permissions }: { roles: number; permissions: number }) =>
  roles + permissions === 0 ? [] : [`Seeded ${roles} roles and ${permissions} permissions.`];

const doubtfulLine = ({ sub, obstacle }: Manager) =>
  `${sub} holds CAN_MANAGE_USERS, too, and cannot come in: ${obstacle}.`;

if (import.meta.main) {
  await command({ help: HELP, options: OPTIONS }, async (values) => {
    const first = asked(values);
    const exit = await withCommands(deploymentSettings(), ({ run }) => run(Effect.exit(bootstrap(first))));
    if (Exit.isFailure(exit)) throw failed(exit.cause);
    const done = exit.value;
    const { sub, outcome, invitation, seeded, doubtful } = done;
    const lines = [
      ...seededLine(seeded),
      `${sub} ${OUTCOMES[outcome]}.`,
      ...INVITATIONS[invitation],
      ...doubtful.map(doubtfulLine),
    ];
    console.log(values.json ? JSON.stringify(done, null, 2) : lines.join("\n"));
    return EXIT.good;
  });
}
