/**
 * The kinds of pools that `npm run dev -- --pool <kind>` and the suites of `npm run pools` can have. FLIP's is `email`.
 * Nothing here was compared with a live pool: the kinds do what AWS documents, and what users report. The page of
 * each difference stands beside it.
 */

/** What makes a pool different from FLIP's. */
export interface PoolTraits {
  /** For the help of `npm run dev`. */
  readonly means: string;
  /**
   * What the user name is: made up by Cognito (`email`), or chosen; the address is an alias then, or no name at all. A
   * verified address is one user's alias at a time, and a user name that looks like an address is refused beside it.
   * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
   */
  readonly signIn: "email" | "alias" | "plain";
  /** What Registrar calls a new user (COGNITO_USERNAME). By the id of the registration, the pool has no custom attribute. */
  readonly username: "email" | "operation-id";
  /**
   * Whether Ann@… and ann@… are two users.
   * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-case-sensitivity.html
   */
  readonly caseSensitive: boolean;
  /**
   * Whether there is a user of another identity provider from the start, whose user name is not their `sub`.
   * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation-consolidate-users.html
   */
  readonly federated: boolean;
  /**
   * What RESEND answers to a user name that is no address; null: it mails. The parameter's documentation takes a user
   * name, and says nothing of a `sub`, as it does for AdminGetUser.
   * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
   */
  readonly resendBySub: "InvalidParameterException" | "UserNotFoundException" | null;
  /**
   * Whether every user needs a second factor: then none is switched off, and Cognito says that it was.
   * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
   */
  readonly mfaRequired: boolean;
  /**
   * Whether users may sign in without a password: then no temporary one is generated, and a user is CONFIRMED from the
   * start, whether or not they have ever signed in. RESEND is for FORCE_CHANGE_PASSWORD only.
   * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
   */
  readonly passwordless: boolean;
  /**
   * The pre sign-up trigger: it refuses the addresses of `refusedDomain`, or it is broken. There is no user then.
   * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
   */
  readonly preSignUp: "refuses" | "broken" | null;
  /**
   * Whether the custom message trigger fails: the user is there then, and nothing is mailed.
   * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html
   */
  readonly customMessageFails: boolean;
  /**
   * Milliseconds that the triggers take. Cognito waits 5 s for one, and tries three times.
   * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
   */
  readonly triggersTakeMs: number;
  /**
   * What comes before the pool's id in the `iss` of its tokens: nothing, or what stands here for the host
   * `issuer-cognito-idp` of the updated issuer.
   * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html
   */
  readonly issuer: "" | "/issuer-cognito-idp";
}

/** The domain whose addresses the pre sign-up trigger of the kind `pre-sign-up` refuses. */
export const refusedDomain = "refused.example";

const flip = {
  signIn: "email",
  username: "email",
  caseSensitive: false,
  federated: false,
  resendBySub: null,
  mfaRequired: false,
  passwordless: false,
  preSignUp: null,
  customMessageFails: false,
  triggersTakeMs: 0,
  issuer: "",
} as const;

const alias = { ...flip, signIn: "alias", username: "operation-id" } as const;
const plain = { ...flip, signIn: "plain", caseSensitive: true } as const;

/** The kinds, by name. */
export const POOL_KINDS = {
  email: { ...flip, means: "e-mail addresses as user names, in any case: FLIP's" },
  "case-sensitive": { ...flip, caseSensitive: true, means: "the same, where the case of an address counts" },
  alias: { ...alias, means: "user names that are no addresses, with the address as alias" },
  "alias-case-sensitive": { ...alias, caseSensitive: true, means: "the same, where case counts" },
  plain: { ...plain, username: "operation-id", means: "user names, and addresses that are none" },
  "plain-email": { ...plain, means: "the same, with addresses as user names" },
  federated: { ...flip, federated: true, means: "with a user of another identity provider" },
  "alias-federated": { ...alias, federated: true, means: "the same, with the address as alias" },
  passwordless: { ...flip, passwordless: true, means: "users need no password, and are CONFIRMED at once" },
  "updated-issuer": { ...flip, issuer: "/issuer-cognito-idp", means: "tokens name the updated issuer" },
  "resend-invalid-parameter": {
    ...flip,
    resendBySub: "InvalidParameterException",
    means: "RESEND takes addresses only, and refuses others as a wrong parameter",
  },
  "resend-user-not-found": {
    ...flip,
    resendBySub: "UserNotFoundException",
    means: "RESEND takes addresses only, and knows nobody by another name",
  },
  "mfa-required": { ...flip, mfaRequired: true, means: "every user needs a second factor" },
  "pre-sign-up": { ...flip, preSignUp: "refuses", means: `a trigger refuses addresses of ${refusedDomain}` },
  "pre-sign-up-broken": { ...flip, preSignUp: "broken", means: "that trigger is broken: nobody is created" },
  "custom-message": { ...flip, customMessageFails: true, means: "the trigger of messages fails" },
  "slow-triggers": { ...flip, triggersTakeMs: 4500, means: "triggers take nearly the 5 s they may" },
} as const satisfies Record<string, PoolTraits>;

/** The name of a kind. */
export type PoolKind = keyof typeof POOL_KINDS;

/** Whether there is a kind of this name. */
export const isPoolKind = (name: string): name is PoolKind => Object.hasOwn(POOL_KINDS, name);

/** The settings that a deployment needs for a pool of this kind, beside those of every pool. */
export const settingsOf = ({
  caseSensitive,
  username,
  passwordless,
}: PoolTraits): Record<string, string> => ({
  ...(caseSensitive && { COGNITO_CASE_SENSITIVE: "true" }),
  ...(username === "operation-id" && { COGNITO_USERNAME: username }),
  ...(passwordless && { COGNITO_PASSWORDLESS: "true" }),
});
