/**
 * The kinds of pools that `npm run dev -- --pool <kind>` and the contract suites can have. FLIP's is `email`. Nothing
 * here was compared with a live pool: the kinds do what AWS documents, and what users report.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
 */

/** What makes a pool different from FLIP's. */
export interface PoolTraits {
  /** For the help of `npm run dev`. */
  readonly means: string;
  /** What the user name is: made up by Cognito (`email`), or chosen; the address is an alias then, or no name at all. */
  readonly signIn: "email" | "alias" | "plain";
  /** Whether Ann@… and ann@… are two users. */
  readonly caseSensitive: boolean;
  /** Whether there is a user of another identity provider from the start, whose user name is not their `sub`. */
  readonly federated: boolean;
  /** What RESEND answers to a user name that is no address; null: it mails. */
  readonly resendBySub: "InvalidParameterException" | "UserNotFoundException" | null;
  /** Whether every user needs a second factor: then none is switched off, and Cognito says that it was. */
  readonly mfaRequired: boolean;
  /** Whether a pre sign-up trigger refuses the addresses of `refusedDomain`. */
  readonly preSignUp: boolean;
}

/** The domain whose addresses the pre sign-up trigger of the kind `pre-sign-up` refuses. */
export const refusedDomain = "refused.example";

const flip = {
  signIn: "email",
  caseSensitive: false,
  federated: false,
  resendBySub: null,
  mfaRequired: false,
  preSignUp: false,
} as const;

/** The kinds, by name. */
export const POOL_KINDS = {
  email: { ...flip, means: "e-mail addresses as user names, in any case: FLIP's" },
  "case-sensitive": { ...flip, caseSensitive: true, means: "the same, where the case of an address counts" },
  alias: { ...flip, signIn: "alias", means: "user names that are no addresses, with the address as alias" },
  plain: { ...flip, signIn: "plain", caseSensitive: true, means: "user names, and addresses that are none" },
  federated: { ...flip, federated: true, means: "with a user of another identity provider" },
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
  "pre-sign-up": { ...flip, preSignUp: true, means: `a trigger refuses addresses of ${refusedDomain}` },
} as const satisfies Record<string, PoolTraits>;

/** The name of a kind. */
export type PoolKind = keyof typeof POOL_KINDS;

/** Whether there is a kind of this name. */
export const isPoolKind = (name: string): name is PoolKind => Object.hasOwn(POOL_KINDS, name);
