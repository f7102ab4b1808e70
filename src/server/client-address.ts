/** Who is at the other end of a connection, when proxies stand in between. */
import { isIP } from "node:net";

/** `203.0.113.7:4711` and `[2001:db8::1]:4711` → the address; some proxies write the port, too. */
const withoutPort = (entry: string): string =>
  /^\[(.+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;

/**
 * The address of a client. Each proxy appends the address that it was called from to X-Forwarded-For, so that what a
 * client writes there itself stands before those entries. With so many proxies of one's own, the entry that the
 * outermost of them wrote is that many from the end; where fewer went through, the first. Without proxies, or where the
 * entry is no address, it is the connection's.
 * https://www.rfc-editor.org/rfc/rfc7239#section-5.2 (whose syntax few proxies write)
 */
export const clientAddress = (
  connection: string | undefined,
  forwardedFor: string | ReadonlyArray<string> | undefined,
  proxies: number,
): string => {
  const own = connection ?? "";
  if (proxies === 0) return own;
  const entries = [forwardedFor ?? []].flat().join(",").split(",");
  const entry = withoutPort((entries.at(-proxies) ?? entries[0] ?? "").trim());
  return isIP(entry) === 0 ? own : entry;
};
