/** The app clients whose tokens the service takes, as DescribeUserPoolClient shows them. */
import type { UserPoolClientType } from "@aws-sdk/client-cognito-identity-provider";
import { type Answer, type Check, check } from "../check.ts";
import type { AppClient, Subject } from "../subject.ts";

/** A token is believed until it expires: what was taken away since does not show in it. */
const TOKEN_MINUTES_MAX = 60;

const MINUTES: Readonly<Record<string, number>> = { seconds: 1 / 60, minutes: 1, hours: 60, days: 1440 };

const isMachine = ({ AllowedOAuthFlows: flows = [] }: UserPoolClientType) =>
  flows.includes("client_credentials");

/** The clients that are there, by name. */
const found = (clients: ReadonlyArray<AppClient>) =>
  clients.flatMap(({ id, found }) =>
    found === undefined ? [] : [{ name: found.ClientName ?? id, client: found }],
  );

/** One fault of clients: all that have it, by name. */
async function those<F extends string>(
  { clients }: Subject,
  faults: Readonly<Record<F, (client: UserPoolClientType) => boolean>>,
  good: (names: ReadonlyArray<string>) => string,
): Promise<Answer<F> | ReadonlyArray<Answer<F>>> {
  const all = found(await clients());
  const answers = Object.entries<(client: UserPoolClientType) => boolean>(faults).flatMap(
    ([fault, has]): ReadonlyArray<Answer<F>> => {
      const names = all.filter(({ client }) => has(client)).map(({ name }) => name);
      return names.length === 0 ? [] : [{ fault: fault as F, detail: names.join(", ") }];
    },
  );
  return answers.length > 0 ? answers : { good: good(all.map(({ name }) => name)) };
}

const there = check({
  id: "clients.there",
  title: "There",
  asks: "DescribeUserPoolClient for each of `AWS_COGNITO_APP_CLIENT_ID`",
  faults: {
    absent: {
      status: "wrong",
      means: "The pool has no such app client: nobody gets a token that is taken.",
      mend: "Mend AWS_COGNITO_APP_CLIENT_ID.",
    },
  },
  ask: async ({ clients }) => {
    const all = await clients();
    const absent = all.filter((client) => client.found === undefined).map(({ id }) => id);
    return absent.length > 0
      ? { fault: "absent", detail: absent.join(", ") }
      : {
          good: found(all)
            .map(({ name }) => name)
            .join(", "),
        };
  },
});

const flows = check({
  id: "clients.flows",
  title: "Flows",
  asks: "`ExplicitAuthFlows`, `AllowedOAuthFlows` and the secret",
  faults: {
    none: {
      status: "wrong",
      means: "There is no way to sign in through the app client.",
      mend: "Allow it a flow: the authorization code grant, or ALLOW_USER_SRP_AUTH.",
    },
    implicit: {
      status: "warning",
      means: "The implicit grant puts tokens into addresses, which browsers and logs keep.",
      mend: "Use the authorization code grant with PKCE, and take `implicit` away.",
    },
    secret: {
      status: "warning",
      means: "People sign in through an app client that has a secret: a page cannot keep one.",
      mend: "Use a client without a secret for pages; know it where a server signs people in.",
    },
  },
  ask: (subject) =>
    those(
      subject,
      {
        none: ({ ExplicitAuthFlows: explicit = [], AllowedOAuthFlows: granted = [] }) =>
          granted.length === 0 && explicit.every((flow) => flow.includes("REFRESH_TOKEN")),
        implicit: ({ AllowedOAuthFlows: granted = [] }) => granted.includes("implicit"),
        secret: (client) => client.ClientSecret !== undefined && !isMachine(client),
      },
      () => "each has a way to sign in",
    ),
});

const tag = check({
  id: "clients.tag",
  title: "Ownership tag",
  asks: "`WriteAttributes`",
  faults: {
    writable: {
      status: "warning",
      means: "Whoever signs up through the app client can give themselves an ownership tag.",
      mend: "Take the attribute out of the client's WriteAttributes.",
    },
  },
  ask: (subject) => {
    const { ownershipAttribute } = subject.settings();
    return those(
      subject,
      {
        writable: ({ WriteAttributes: names = [] }) =>
          ownershipAttribute !== null && names.includes(ownershipAttribute),
      },
      () => "no client writes it",
    );
  },
});

const tokens = check({
  id: "clients.tokens",
  title: "Tokens",
  asks: "`AccessTokenValidity`",
  faults: {
    long: {
      status: "warning",
      means: "Access tokens are good for more than an hour: so long a disabled user's token is read.",
      mend: "Set the client's access tokens to 60 minutes or less.",
    },
  },
  ask: (subject) =>
    those(
      subject,
      {
        long: ({ AccessTokenValidity: validity, TokenValidityUnits: units }) =>
          validity !== undefined &&
          validity * (MINUTES[units?.AccessToken ?? "hours"] ?? 60) > TOKEN_MINUTES_MAX,
      },
      () => `at most ${TOKEN_MINUTES_MAX} minutes`,
    ),
});

export const clients: ReadonlyArray<Check> = [there, flows, tag, tokens];
