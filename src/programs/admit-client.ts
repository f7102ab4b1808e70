/** The first question of all: whether a client asks too often, whoever they are and whatever they ask for. */
import { ClientLimit } from "../ports/rate-limit.ts";
import { spanned } from "../ports/trace.ts";

/** An IPv4 address as a socket for both families shows it. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** The groups of an IPv6 address that its network has: whoever has one address has 2^64 of them. */
const NETWORK_GROUPS = 4;

/**
 * Whom a client's address counts for: itself, or of an IPv6 address the network of 64 bits (RFC 6177, section 2; the form
 * of RFC 5952). What is no address counts for itself.
 */
export const networkOf = (address: string): string => {
  const plain = address.replace(MAPPED, "");
  if (!plain.includes(":")) return plain;
  const [before = [], after] = plain
    .split("::")
    .map((part) => part.split(":").filter((group) => group !== ""));
  const missing = after === undefined ? 0 : Math.max(8 - before.length - after.length, 0);
  return [...before, ...Array<string>(missing).fill("0"), ...(after ?? [])]
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""))
    .join(":");
};

/** Fails where clients of this network ask too often. All clients without an address count as one. */
export const admitClient = spanned("admitClient")(function* (address: string | undefined) {
  const admit = yield* ClientLimit;
  yield* admit(networkOf(address ?? ""));
});
