/**
 * The guarantee in four pastes: what `npm run dev` prints, README.md shows, and `npm run smoke` pastes. Each is a
 * command for a POSIX shell in the folder of the checkout, where `.dev/token` is.
 */

/** Where a local stack answers. */
export interface Addresses {
  readonly api: string;
  readonly control: string;
}

/** One paste. */
export interface Paste {
  readonly title: string;
  /** What one sees, in a sentence. */
  readonly promise: string;
  readonly command: string;
}

/** Where a stack answers whose ports nobody has chosen otherwise. */
export const DEFAULT_PORT = 8787;
export const addressesAt = (port: number): Addresses => ({
  api: `http://127.0.0.1:${port}`,
  control: `http://127.0.0.1:${port + 1}`,
});

const ADA = `{"email":"ada@flip.example","name":"Ada Lovelace","roles":[]}`;

/** The four, in their order, for one stack. */
export const pastes = ({ api, control }: Addresses): ReadonlyArray<Paste> => {
  const faults = (...list: ReadonlyArray<string>) =>
    `curl -s -o /dev/null -X PUT ${control}/faults -d '[${list.map((one) => `\n  ${one}`).join(",")}]'`;
  const refuseCommit = `{"target":"database","match":"=ledger.commit","answer":"error","code":"23514"}`;
  const refuseDelete = `{"target":"cognito","match":"=AdminDeleteUser","answer":"500"}`;
  const register = `curl -i ${api}/api/users/ -H 'content-type: application/json' \\
  -H "authorization: Bearer $(cat .dev/token)" \\
  -d '${ADA}'`;
  return [
    {
      title: "The database refuses the commit",
      promise: `500 "Please try again", outcome "rolled_back": the user is deleted again, and nothing is left.`,
      command: `${faults(refuseCommit)}\n${register}`,
    },
    {
      title: "Cognito refuses the deletion, too",
      promise: `500 "rollback also failed", outcome "tracked": a user is left over, and the ledger knows it.`,
      command: `${faults(refuseCommit, refuseDelete)}\n${register}`,
    },
    {
      title: "Both are mended, an hour passes, and the sweeper comes by",
      promise: `"rolled_back": 1, "open": 0: the user is gone.`,
      command: [
        faults(),
        `curl -s -o /dev/null -X POST ${control}/age -d '{"seconds":3600}'`,
        `curl -X POST ${control}/sweep`,
      ].join("\n"),
    },
    {
      title: "Try again",
      promise: "200: the user is in Cognito, and the row is in the audit trail.",
      command: register,
    },
  ];
};
