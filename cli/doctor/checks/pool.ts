/** The user pool, as DescribeUserPool shows it to whoever examines. */
import type { SchemaAttributeType, UserPoolType } from "@aws-sdk/client-cognito-identity-provider";
import { Duration } from "effect";
import { type Check, check } from "../check.ts";

/** An operation's id, which the ownership tag is. */
const TAG_LENGTH = 36;

/** What Cognito takes where a pool does not say. */
const TEMPORARY_PASSWORD_DAYS = 7;

/** Cognito waits 5 s for a trigger, three times. */
const TRIGGER_SECONDS = 15;

const there = check({
  id: "pool.there",
  title: "There",
  asks: "DescribeUserPool, with the keys of whoever examines",
  faults: {
    absent: {
      status: "wrong",
      means: "There is no such pool in this account and region.",
      mend: "Mend AWS_COGNITO_USER_POOL_ID and AWS_REGION, or take keys of the pool's account.",
    },
  },
  ask: async ({ describePool }) => {
    const pool = await describePool();
    return pool === undefined ? { fault: "absent" } : { good: `${pool.Name ?? pool.Id}` };
  },
});

const signIn = ({ UsernameAttributes: names = [], AliasAttributes: aliases = [] }: UserPoolType) =>
  names.includes("email")
    ? "e-mail"
    : names.length > 0
      ? "phone number"
      : aliases.includes("email")
        ? "alias"
        : "plain";

const kind = check({
  id: "pool.kind",
  title: "Kind",
  asks: "`UsernameAttributes` and `AliasAttributes` against `COGNITO_USERNAME`",
  faults: {
    phone: {
      status: "wrong",
      means: "Users of this pool are named by their telephone number, which no registration has.",
      mend: "Use another pool. It cannot be changed later.",
    },
    alias: {
      status: "wrong",
      means: "An address is an alias in this pool, and no user name: Cognito refuses every create.",
      mend: "Set COGNITO_USERNAME to operation-id.",
    },
    address: {
      status: "wrong",
      means: "User names of this pool are e-mail addresses: Cognito refuses every create.",
      mend: "Set COGNITO_USERNAME to email.",
    },
  },
  ask: async ({ pool, settings }) => {
    const found = signIn(await pool());
    const { username } = settings();
    if (found === "phone number") return { fault: "phone" };
    if (found === "alias" && username === "email") return { fault: "alias" };
    if (found === "e-mail" && username !== "email") return { fault: "address" };
    const names = username === "email" ? "e-mail addresses as user names" : "ids as user names";
    return { good: found === "alias" ? `${names}, addresses as aliases` : names };
  },
});

/** The shortest of the greatest lengths that the attribute takes; without one it takes any. */
const lengthOf = ({ StringAttributeConstraints: limits }: SchemaAttributeType) =>
  Number(limits?.MaxLength ?? Number.POSITIVE_INFINITY);

const tag = check({
  id: "pool.tag",
  title: "Ownership tag",
  asks: "the attribute `OWNERSHIP_ATTRIBUTE` of the pool's schema",
  faults: {
    none: {
      status: "warning",
      means: "OWNERSHIP_ATTRIBUTE is empty: a create with an unknown outcome waits for an operator.",
      mend: "npm run doctor -- --add-tag, with the name to be in OWNERSHIP_ATTRIBUTE.",
    },
    missing: {
      status: "wrong",
      means: "The pool has no such attribute: Cognito refuses every create.",
      mend: "npm run doctor -- --add-tag. Where Terraform has the pool: ignore_changes = [schema] first.",
    },
    mutable: {
      status: "wrong",
      means: "The attribute can be changed: whoever changes it says whose a user is.",
      mend: "Name another attribute in OWNERSHIP_ATTRIBUTE and add it: none can be made immutable later.",
    },
    notText: {
      status: "wrong",
      means: "The attribute is no string.",
      mend: "Name another attribute in OWNERSHIP_ATTRIBUTE and add it.",
    },
    short: {
      status: "wrong",
      means: `The attribute does not take the ${TAG_LENGTH} characters of a tag.`,
      mend: "Name another attribute in OWNERSHIP_ATTRIBUTE and add it.",
    },
  },
  ask: async ({ pool, settings }) => {
    const { ownershipAttribute, username } = settings();
    if (username === "operation-id") return { good: "the user name" };
    const { SchemaAttributes = [] } = await pool();
    if (ownershipAttribute === null) return { fault: "none" };
    const attribute = SchemaAttributes.find(({ Name }) => Name === ownershipAttribute);
    if (attribute === undefined) return { fault: "missing", detail: ownershipAttribute };
    const detail = ownershipAttribute;
    if (attribute.Mutable !== false) return { fault: "mutable", detail };
    if (attribute.AttributeDataType !== "String") return { fault: "notText", detail };
    if (lengthOf(attribute) < TAG_LENGTH) return { fault: "short", detail };
    return { good: `${ownershipAttribute}, immutable` };
  },
});

const spelling = check({
  id: "pool.case",
  title: "Case",
  asks: "`UsernameConfiguration.CaseSensitive` against `COGNITO_CASE_SENSITIVE`",
  faults: {
    sensitive: {
      status: "wrong",
      means: "The pool tells Ann@… from ann@…, and the service does not look: one mailbox can get two users.",
      mend: "Set COGNITO_CASE_SENSITIVE to true.",
    },
    insensitive: {
      status: "warning",
      means: "The pool does not tell Ann@… from ann@…, and the service looks each time for nothing.",
      mend: "Set COGNITO_CASE_SENSITIVE to false.",
    },
  },
  ask: async ({ pool, settings }) => {
    // A pool that was made without saying so is case-sensitive.
    const isSensitive = (await pool()).UsernameConfiguration?.CaseSensitive !== false;
    const { caseSensitive } = settings();
    if (isSensitive && !caseSensitive) return { fault: "sensitive" };
    if (!isSensitive && caseSensitive) return { fault: "insensitive" };
    return { good: isSensitive ? "the case counts, and the service knows" : "the case does not count" };
  },
});

const mfa = check({
  id: "pool.mfa",
  title: "Second factors",
  asks: "`MfaConfiguration` against `ENFORCE_MFA`",
  faults: {
    impossible: {
      status: "wrong",
      means: "ENFORCE_MFA is true, and nobody can have a second factor in this pool: nobody is heard.",
      mend: "Set the pool's MFA to OPTIONAL, with authenticator apps, or ENFORCE_MFA to false.",
    },
    required: {
      status: "warning",
      means:
        "The pool asks everybody for a second factor: an MFA reset takes authenticator apps away, and no more.",
      mend: "Know it, or set the pool's MFA to OPTIONAL.",
    },
  },
  ask: async ({ pool, settings }) => {
    const { MfaConfiguration = "OFF" } = await pool();
    if (MfaConfiguration === "OFF" && settings().enforceMfa) return { fault: "impossible" };
    return MfaConfiguration === "ON" ? { fault: "required" } : { good: MfaConfiguration.toLowerCase() };
  },
});

const triggers = check({
  id: "pool.triggers",
  title: "Triggers",
  asks: "`LambdaConfig` against `COGNITO_CREATE_TIMEOUT_MS`",
  faults: {
    impatient: {
      status: "warning",
      means:
        "A trigger may take 15 s, and the service waits for less: its creates would have an unknown outcome.",
      mend: "Set COGNITO_CREATE_TIMEOUT_MS to 15000.",
    },
  },
  ask: async ({ pool, settings }) => {
    const names = Object.entries((await pool()).LambdaConfig ?? {})
      .filter(([, value]) => typeof value === "string" && value !== "")
      .map(([name]) => name);
    const waits = Duration.toSeconds(settings().cognitoCreateTimeout);
    if (names.length === 0) return { good: "none" };
    return waits < TRIGGER_SECONDS
      ? { fault: "impatient", detail: names.join(", ") }
      : { good: names.join(", ") };
  },
});

const issuer = check({
  id: "pool.issuer",
  title: "Issuer",
  asks: "`IssuerConfiguration` against `TOKEN_ISSUER`",
  faults: {
    other: {
      status: "wrong",
      means: "The pool's tokens name another issuer than TOKEN_ISSUER: every token is refused.",
      mend: "Leave TOKEN_ISSUER unset: both forms of the pool's own issuer are taken.",
    },
  },
  ask: async ({ pool, settings }) => {
    const { issuers, userPoolId, region } = settings();
    const { IssuerConfiguration } = await pool();
    const isUpdated = IssuerConfiguration?.Type === "UPDATED";
    const own = `https://${isUpdated ? "issuer-" : ""}cognito-idp.${region}.amazonaws.com/${userPoolId}`;
    const isElsewhere = issuers.every((one) => !one.includes("amazonaws.com"));
    if (isElsewhere) return { good: "an issuer of its own, which keys.issuer asks" };
    return issuers.includes(own)
      ? { good: isUpdated ? "updated" : "original" }
      : { fault: "other", detail: own };
  },
});

const deletion = check({
  id: "pool.deletion",
  title: "Deletion protection",
  asks: "`DeletionProtection`",
  faults: {
    off: {
      status: "warning",
      means: "The pool, and everybody in it, can be deleted by one call.",
      mend: "Switch deletion protection on.",
    },
  },
  ask: async ({ pool }) =>
    (await pool()).DeletionProtection === "ACTIVE" ? { good: "on" } : { fault: "off" },
});

const mail = check({
  id: "pool.mail",
  title: "Sender",
  asks: "`EmailConfiguration`",
  faults: {
    quota: {
      status: "warning",
      means: "Cognito's own sender mails 50 invitations a day, from no address of yours.",
      mend: "Set the pool up with Amazon SES (EmailSendingAccount = DEVELOPER).",
    },
    broken: {
      status: "wrong",
      means: "Cognito cannot mail: the pool says so.",
      mend: "See EmailConfigurationFailure, and the identity of the sender in Amazon SES.",
    },
  },
  ask: async ({ pool, settings }) => {
    if (settings().invitation === "none") return { good: "no invitation is mailed" };
    const { EmailConfiguration: sender, EmailConfigurationFailure: failure } = await pool();
    if (failure) return { fault: "broken" };
    return sender?.EmailSendingAccount === "DEVELOPER" ? { good: "Amazon SES" } : { fault: "quota" };
  },
});

const password = check({
  id: "pool.password",
  title: "Temporary passwords",
  asks: "`TemporaryPasswordValidityDays` against `TEMPORARY_PASSWORD_DAYS`",
  faults: {
    other: {
      status: "warning",
      means: "Lists tell wrongly whose invitation has expired.",
      mend: "Set TEMPORARY_PASSWORD_DAYS to what the pool has.",
    },
  },
  ask: async ({ pool, settings }) => {
    const { Policies, AdminCreateUserConfig } = await pool();
    const days =
      Policies?.PasswordPolicy?.TemporaryPasswordValidityDays ??
      AdminCreateUserConfig?.UnusedAccountValidityDays ??
      TEMPORARY_PASSWORD_DAYS;
    const ours = Duration.toDays(settings().temporaryPassword);
    return days === ours ? { good: `${days} days` } : { fault: "other", detail: `the pool has ${days} days` };
  },
});

const passwordless = check({
  id: "pool.passwordless",
  title: "Passwordless",
  asks: "`SignInPolicy.AllowedFirstAuthFactors` against `COGNITO_PASSWORDLESS`",
  faults: {
    unknown: {
      status: "wrong",
      means:
        "Users of this pool need no password, and the service takes who is CONFIRMED for one who has signed in.",
      mend: "Set COGNITO_PASSWORDLESS to true.",
    },
    needless: {
      status: "warning",
      means: "Users of this pool have passwords, and the service believes nobody that they have signed in.",
      mend: "Set COGNITO_PASSWORDLESS to false.",
    },
    uninvited: {
      status: "warning",
      means: "Users of this pool sign in without a password: they get none, and no invitation.",
      mend: "Tell them in another way, and set INVITATION to none.",
    },
  },
  ask: async ({ pool, settings }) => {
    const factors = (await pool()).Policies?.SignInPolicy?.AllowedFirstAuthFactors ?? ["PASSWORD"];
    const others = factors.filter((factor) => factor !== "PASSWORD");
    const { passwordless: isKnown, invitation } = settings();
    if (others.length === 0) return isKnown ? { fault: "needless" } : { good: "passwords" };
    const detail = others.join(", ");
    if (!isKnown) return { fault: "unknown", detail };
    return invitation === "none" ? { good: detail } : { fault: "uninvited", detail };
  },
});

const signUp = check({
  id: "pool.sign-up",
  title: "Sign-up",
  asks: "`AllowAdminCreateUserOnly`",
  faults: {
    open: {
      status: "warning",
      means: "Anybody can sign up at Cognito: such a user has no role, and no audit row.",
      mend: "Set AllowAdminCreateUserOnly to true.",
    },
  },
  ask: async ({ pool }) =>
    (await pool()).AdminCreateUserConfig?.AllowAdminCreateUserOnly === true
      ? { good: "administrators only" }
      : { fault: "open" },
});

export const pool: ReadonlyArray<Check> = [
  there,
  kind,
  tag,
  spelling,
  mfa,
  triggers,
  issuer,
  deletion,
  mail,
  password,
  passwordless,
  signUp,
];
