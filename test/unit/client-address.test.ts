/** The address of a client behind proxies: nobody chooses it for themselves. */
import { assert, describe, it } from "@effect/vitest";
import { clientAddress } from "../../src/server/client-address.ts";

const PROXY = "10.0.0.1";

describe("the address of a client", () => {
  it("is the connection's without a proxy, whatever the client says", () => {
    assert.strictEqual(clientAddress("192.0.2.7", "203.0.113.9", 0), "192.0.2.7");
    assert.strictEqual(clientAddress(undefined, "203.0.113.9", 0), "");
  });

  it.each([
    ["203.0.113.9", 1, "203.0.113.9"],
    // What the client wrote stands before what the proxy did.
    ["198.51.100.1, 203.0.113.9", 1, "203.0.113.9"],
    ["198.51.100.1,198.51.100.2 ,  203.0.113.9 , 10.0.0.2", 2, "203.0.113.9"],
    // A request that passed fewer of the proxies.
    ["203.0.113.9", 2, "203.0.113.9"],
    // A port, which some proxies write, too.
    ["203.0.113.9:4711", 1, "203.0.113.9"],
    ["[2001:db8::9]:4711", 1, "2001:db8::9"],
    ["2001:db8::9", 1, "2001:db8::9"],
    // No header, an empty one, and what is no address.
    [undefined, 1, PROXY],
    ["", 1, PROXY],
    ["unknown", 1, PROXY],
    ["203.0.113.9, _hidden", 1, PROXY],
    [["198.51.100.1", "203.0.113.9"], 1, "203.0.113.9"],
  ] as const)("is read from X-Forwarded-For: %s behind %d is %s", (header, proxies, expected) => {
    assert.strictEqual(clientAddress(PROXY, header, proxies), expected);
  });
});
