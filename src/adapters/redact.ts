/**
 * The net under the log: what must not be in it, whoever has put it there. A provider that echoes a request puts keys,
 * signatures and passwords into its own message; a driver quotes rows.
 *
 * Every text is cut before it is looked at, and every pattern is bounded, so that the net takes time in proportion.
 */
import * as Redacted from "effect/Redacted";
import type { Deployment } from "../ports/settings.ts";

/** The longest text that is kept where nothing else is said, in characters. */
const LENGTH_MAX = 16_000;

/** The shortest secret that is swept for by its value: a shorter one would take words with it. */
const SECRET_LENGTH_MIN = 6;

const AT = String.raw`(?:@|%(?:25){0,2}40|\\{1,4}u0040|&#64;|&commat;)`;
const DOT = String.raw`(?:\.|%(?:25){0,2}2E|\\{1,4}u002e)`;
const LOCAL = String.raw`(?:\\{0,4}"[^"@\n]{1,64}"|[\p{L}\p{N}_.!#$%&'*+/=?^\x60{|}~-]{1,128})`;
const LABEL = String.raw`[\p{L}\p{N}_-]{1,63}`;
const DOMAIN = String.raw`(?:${LABEL}(?:${DOT}${LABEL}){1,10}|\[[\w.:]{2,60}\])`;

/** A name, then what separates it from its value, in headers, JSON (also as text inside JSON), queries and forms. */
const SEPARATOR = String.raw`(?:\\{0,8}["'])?\s{0,4}(?:[:=]|%3[AD]|=>)\s{0,4}`;
/** A value in quotes, to the quote that ends it, or to where the text was cut; or one word. */
const VALUE = String.raw`(?:(?<quote>\\{0,8}["'])(?:[\s\S]{0,1500}?(?<!\\)\k<quote>|[\s\S]{0,1500})|[^\s"'&,;}\]]{1,1500})`;
/** The same of a header whose value has blanks in it. */
const HEADER = String.raw`(?:(?<quote>\\{0,8}["'])(?:[\s\S]{0,1500}?(?<!\\)\k<quote>|[\s\S]{0,1500})|[^"\r\n]{1,1500})`;

/** What must not be in a log. What holds others comes first: a connection string looks like an address, too. */
const NET: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bpostgres(?:ql)?(?::|%3A)(?:\\{0,4}\/|%2F){2}[^\s"<>]{1,1500}/giu, "[database]"],
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"@/<>]{1,300}@[^\s"<>]{1,300}/giu, "[url]"],
  [new RegExp(String.raw`\b(?:proxy-)?authorization${SEPARATOR}${HEADER}`, "giu"), "[authorization]"],
  [/\bAWS4-[\w-]{4,40}[^"\r\n]{0,1500}/giu, "[signature]"],
  [new RegExp(String.raw`\bx-amz-[\w-]{1,40}${SEPARATOR}${VALUE}`, "giu"), "[signature]"],
  [
    new RegExp(String.raw`\b(?:signature|credential|signedheaders)${SEPARATOR}${VALUE}`, "giu"),
    "[signature]",
  ],
  [
    new RegExp(
      String.raw`\b\w{0,40}(?:passwor[dt]|passwd|passphrase|secret|token|access_?key(?:_?id)?)\w{0,20}${SEPARATOR}${VALUE}`,
      "giu",
    ),
    "[secret]",
  ],
  [/\bpassword\s{1,4}(?:is|was)\s{1,4}\S{1,256}/giu, "[secret]"],
  [/\bBearer\s{1,4}[\w.~+/=-]{1,1500}/giu, "[token]"],
  [/\beyJ[\w-]{3,1500}(?:\.[\w-]{0,1500}){0,4}/gu, "[token]"],
  [/\b(?:A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,124}/gu, "[key]"],
  [/\b(?:IQoJ|FwoG|FQoG)[\w+/=%-]{16,1500}/gu, "[key]"],
  [/\b[0-9a-f]{64}\b/giu, "[signature]"],
];

const ADDRESS = new RegExp(`${LOCAL}${AT}${DOMAIN}`, "giu");

/** Looked for first, because most texts have none, and an address may begin anywhere. */
const HAS_AT = new RegExp(AT, "iu");

/** The name of a field whose value is not written, whatever it is. */
export const NAMES_A_SECRET =
  /passwor[dt]|passwd|secret|token|authorization|signature|credential|connection-?string|access_?key|^x-amz-/i;

/** The values that a deployment must keep to itself, in each way in which an echo may write them. */
export const secretsOf = (deployment: Deployment): ReadonlyArray<string> => {
  const { accessKeyId, secretAccessKey, sessionToken, metricsToken, databaseUrl } = deployment;
  const database = Redacted.value(databaseUrl);
  const password = database.match(/^[a-z]+:\/\/[^:@/\s]*:([^@/\s]+)@/)?.[1] ?? "";
  const kept = [
    accessKeyId,
    Redacted.value(secretAccessKey),
    ...[sessionToken, metricsToken].map((token) => (token === null ? "" : Redacted.value(token))),
    database,
    password,
    decoded(password),
  ];
  const written = kept.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll("/", "\\/"),
  ]);
  // The longest first: one may be a part of another.
  return [...new Set(written)]
    .filter((secret) => secret.length >= SECRET_LENGTH_MIN)
    .sort((one, two) => two.length - one.length);
};

const decoded = (text: string): string => {
  const plain = text.replaceAll(/%(?![0-9A-Fa-f]{2})/g, "%25");
  return URL.canParse(`x:${plain}`) ? plain.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, decodeBytes) : text;
};

const decodeBytes = (escaped: string): string =>
  new TextDecoder().decode(Uint8Array.from(escaped.slice(1).split("%"), (byte) => Number.parseInt(byte, 16)));

/**
 * A text without what looks like a secret or an address, and without these secrets, of at most `limit` characters. Twice
 * as much is looked at: what is swept away may make room for more of it.
 */
export const redact = (
  text: string,
  secrets: ReadonlyArray<string> = [],
  limit: number = LENGTH_MAX,
): string => {
  const looked = text.slice(0, 2 * limit);
  const isCut = looked.length < text.length;
  const known = secrets.reduce((left, secret) => left.replaceAll(secret, "[secret]"), looked);
  const whole = isCut ? withoutStump(known, secrets) : known;
  const netted = NET.reduce((left, [pattern, word]) => left.replace(pattern, word), whole);
  const swept = HAS_AT.test(netted) ? netted.replace(ADDRESS, "[address]") : netted;
  const kept = swept.slice(0, limit);
  return isCut || kept.length < swept.length ? `${kept}…` : kept;
};

/** A text that was cut may end in the beginning of a secret, an address or a word that says nothing any more. */
const withoutStump = (text: string, secrets: ReadonlyArray<string>): string => {
  const end = secrets.reduce((kept, secret) => {
    for (let length = Math.min(secret.length, text.length); length > 3; length--)
      if (text.endsWith(secret.slice(0, length))) return Math.min(kept, text.length - length);
    return kept;
  }, text.length);
  const kept = text.slice(0, end);
  const last = Math.max(...[" ", "\n", '"', "'", ",", ";", "&", "<"].map((mark) => kept.lastIndexOf(mark)));
  return kept.slice(0, last + 1);
};
