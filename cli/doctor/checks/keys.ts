/** What tokens are judged by: the pool's signing keys and issuer, and the clock. */
import { type Check, check, NotAsked } from "../check.ts";

/** AWS takes no signature that is further off than some minutes; long before that, times in logs mislead. */
const CLOCK_MAX_MS = 5_000;

const signing = check({
  id: "keys.signing",
  title: "Signing keys",
  asks: "`/.well-known/jwks.json` of the issuer",
  faults: {
    unreachable: {
      status: "wrong",
      means: "The signing keys cannot be read: every token is refused with 503.",
      mend: "Mend AWS_REGION and AWS_COGNITO_USER_POOL_ID, or TOKEN_ISSUER; let this machine out to that address.",
    },
    unusable: {
      status: "wrong",
      means: "No key of the issuer is an RSA key with an id: every token is refused.",
      mend: "Name the issuer of a Cognito pool in TOKEN_ISSUER, or leave it unset.",
    },
  },
  ask: async ({ settings, fetchJson }) => {
    const url = `${settings().issuers[0]}/.well-known/jwks.json`;
    let found: unknown;
    try {
      found = await fetchJson(url);
    } catch (error) {
      return { fault: "unreachable", detail: `${url}: ${whyNot(error)}` };
    }
    const { keys } = found as { keys?: ReadonlyArray<{ kty?: string; kid?: string }> };
    const usable = (keys ?? []).filter(({ kty, kid }) => kty === "RSA" && kid !== undefined);
    return usable.length === 0 ? { fault: "unusable", detail: url } : { good: `${usable.length} of them` };
  },
});

const issuer = check({
  id: "keys.issuer",
  title: "Issuer",
  asks: "`/.well-known/openid-configuration` of the issuer",
  faults: {
    other: {
      status: "wrong",
      means: "The issuer calls itself by another name than tokens are held to: every token is refused.",
      mend: "Set TOKEN_ISSUER to that name, or leave it unset.",
    },
  },
  ask: async ({ settings, fetchJson }) => {
    const { issuers } = settings();
    const found = await fetchJson(`${issuers[0]}/.well-known/openid-configuration`).catch(
      (error: unknown) => {
        throw new NotAsked(`the issuer does not say: ${whyNot(error)}`);
      },
    );
    const { issuer: named = "none" } = found as { issuer?: string };
    return issuers.includes(named) ? { good: named } : { fault: "other", detail: named };
  },
});

const whyNot = (error: unknown): string => {
  const { cause, message } = error as { cause?: { code?: string }; message: string };
  return cause?.code ?? message;
};

const clock = check({
  id: "keys.clock",
  title: "Clock",
  asks: "the `Date` of Cognito's answers against this machine's clock",
  faults: {
    off: {
      status: "warning",
      means: "This machine's clock is off. AWS takes no signature that is minutes off.",
      mend: "Let the clock be set from the network (NTP), here and where the service runs.",
    },
  },
  ask: async ({ awsAhead }) => {
    const ahead = await awsAhead();
    return Math.abs(ahead) > CLOCK_MAX_MS
      ? { fault: "off", detail: `AWS is ${(ahead / 1000).toFixed(0)} s ahead of it` }
      : { good: `within ${CLOCK_MAX_MS / 1000} s` };
  },
});

export const keys: ReadonlyArray<Check> = [signing, issuer, clock];
