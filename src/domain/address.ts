/**
 * Why an address is not taken, in words for whoever typed it. Each reason is one test of the address as it is read, trimmed
 * and in lower case; none of them echoes it.
 */

/** The part before the last @-sign, and the part after it. */
const parts = (address: string): { readonly local: string; readonly domain: string } => {
  const at = address.lastIndexOf("@");
  return { local: address.slice(0, at), domain: address.slice(at + 1) };
};

const local = (pattern: RegExp) => (address: string) => pattern.test(parts(address).local);
const domain = (pattern: RegExp) => (address: string) => pattern.test(parts(address).domain);
const anywhere = (pattern: RegExp) => (address: string) => pattern.test(address);

/** What shows nothing where it stands: controls, format characters, variation selectors, fillers, unassigned ones. */
const INVISIBLE =
  /\p{Cc}|\p{Cf}|\p{Cn}|\p{Co}|\p{Cs}|\p{Zl}|\p{Zp}|\p{Variation_Selector}|\u034F|\u115F|\u1160|\u17B4|\u17B5|\u3164|\uFFA0/u;

/** RFC 6761, RFC 7686 and RFC 6762 names that can never receive mail; the same list that FLIP refuses. */
const RESERVED = /(?:^|\.)(?:arpa|invalid|local|localhost|onion|test)$/;

/** The reasons in the order in which they are looked for: the first that is true is the one that is said. */
export const REASONS: ReadonlyArray<readonly [reason: string, isSo: (address: string) => boolean]> = [
  ["it is empty", (address) => address === ""],
  ["it holds an invisible character", anywhere(INVISIBLE)],
  ["it has a display name or angle brackets: send the address alone", anywhere(/^[^<]*<[^<]*$|^[^<]*>/)],
  ["it holds more than one address", anywhere(/@[^@]*[,;\s/|][^@]*@|^[^@]+[,;]|[,;]$|</)],
  ["it begins with mailto: send the address alone", anywhere(/^mailto:/)],
  ["it has no @-sign", (address) => !address.includes("@")],
  ["its part before the @-sign is quoted", local(/^"|"$/)],
  ["it has more than one @-sign", local(/@/)],
  ["it has nothing before the @-sign", local(/^$/)],
  ["it has nothing after the @-sign", domain(/^$/)],
  ["it holds a blank", anywhere(/\s/)],
  ["it holds a comment in parentheses", anywhere(/[()]/)],
  ["its domain is an IP address", domain(/^\[|(?:^|\.)\d+$/)],
  ["its domain is not written in ASCII: use its A-label form (xn--…)", domain(/[^\0-\x7F]/)],
  ["its part before the @-sign holds a character outside ASCII", local(/[^\0-\x7F]/)],
  ["its part before the @-sign begins with a dot", local(/^\./)],
  ["its part before the @-sign ends with a dot", local(/\.$/)],
  ["its part before the @-sign has two dots in a row", local(/\.\./)],
  ["its part before the @-sign is longer than 64 characters", local(/^.{65}/)],
  [
    "its part before the @-sign holds a character that is not accepted",
    local(/[^a-z0-9!#$%&'*+/=?^_`{|}~.-]/),
  ],
  ["its domain begins with a dot", domain(/^\./)],
  ["its domain ends with a dot", domain(/\.$/)],
  ["its domain has two dots in a row", domain(/\.\./)],
  ["its domain holds a character that no host name has", domain(/[^a-z0-9.-]/)],
  ["its domain is reserved", domain(RESERVED)],
  ["its domain has no dot", domain(/^[^.]*$/)],
  ["a part of its domain is longer than 63 characters", domain(/[^.]{64}/)],
  ["a part of its domain begins or ends with a hyphen", domain(/(?:^|\.)-|-(?:\.|$)/)],
];
