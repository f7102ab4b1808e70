/** Which addresses and roles are taken, and what becomes of them; nothing that passes can open a header or a filter. */
import { assert, describe, it } from "@effect/vitest";
import { Option, Schema } from "effect";
import { Email, RegistrationBody, ROLES_MAX, UserId } from "../../src/domain/user.ts";

const read = (value: unknown) => Option.getOrNull(Schema.decodeUnknownOption(Email)(value));
const long = (length: number) => {
  const domain = `${"d".repeat(60)}.${"e".repeat(length - 125)}.com`;
  return `${"a".repeat(59)}@${domain}`;
};

describe("an address", () => {
  const taken: ReadonlyArray<readonly [string, string]> = [
    ["alice@hospital.example", "alice@hospital.example"],
    [" Alice@Hospital.Example\n", "alice@hospital.example"],
    ["first.last+tag@sub.hospital.nhs.uk", "first.last+tag@sub.hospital.nhs.uk"],
    ["o'brien@hospital.example", "o'brien@hospital.example"],
    ["!#$%&'*+/=?^_`{|}~-@hospital.example", "!#$%&'*+/=?^_`{|}~-@hospital.example"],
    ["a@xn--bcher-kva.example", "a@xn--bcher-kva.example"],
    ["1@2.example", "1@2.example"],
    [`${"a".repeat(64)}@b.example`, `${"a".repeat(64)}@b.example`],
    [long(128), long(128)],
  ];
  it.each([...taken])("%j is taken as %j", (value, expected) => assert.strictEqual(read(value), expected));

  const refused: ReadonlyArray<readonly [string, unknown]> = [
    ["nothing", ""],
    ["no domain", "alice"],
    ["no local part", "@hospital.example"],
    ["two at signs", "a@b@hospital.example"],
    ["one label", "alice@hospital"],
    ["a header", "alice@hospital.example\r\nBcc: eve@evil.example"],
    ["a line break inside", "alice\n@hospital.example"],
    ["a display name", "Alice <alice@hospital.example>"],
    ["a list", "alice@hospital.example,eve@evil.example"],
    ["a filter", 'a" or email ^= "@hospital.example'],
    ["a quoted local part", '"a b"@hospital.example'],
    ["a back slash", "a\\@hospital.example"],
    ["a comment", "alice(comment)@hospital.example"],
    ["an address literal", "alice@[127.0.0.1]"],
    ["an address of numbers", "alice@127.0.0.1"],
    ["a domain with a U-label", "alice@bücher.example"],
    ["a local part that is not ASCII", "ålice@hospital.example"],
    ["a letter that only lower-cases to ASCII", "\u212Aelvin@hospital.exam\u0130ple"],
    ["a lone surrogate", "a\ud800@hospital.example"],
    ["an invisible space", "a\u200b@hospital.example"],
    ["a null", "a\0@hospital.example"],
    ["a dot first", ".a@hospital.example"],
    ["a dot last", "a.@hospital.example"],
    ["two dots", "a..b@hospital.example"],
    ["a hyphen first in a label", "a@-hospital.example"],
    ["a hyphen last in a label", "a@hospital-.example"],
    ["an empty label", "a@hospital..example"],
    ["a dot at the end", "a@hospital.example."],
    ["a label of 64", `a@${"l".repeat(64)}.example`],
    ["a local part of 65", `${"a".repeat(65)}@b.example`],
    ["129 characters", long(129)],
    ["a reserved name", "a@hospital.test"],
    ["a reserved name below", "a@mail.localhost"],
    ["a name of this machine", "a@printer.local"],
    ["an onion", "a@abc.onion"],
    ["a number", 7],
    ["null", null],
    ["a list of addresses", ["alice@hospital.example"]],
  ];
  it.each([...refused])("that is or has %s is refused", (_, value) => assert.isNull(read(value)));

  const issuesOf = (value: unknown) => {
    const result = Schema.toStandardSchemaV1(Email)["~standard"].validate(value);
    return result instanceof Promise ? [] : (result.issues ?? []);
  };
  const reasons: ReadonlyArray<readonly [string, string]> = [
    ["", "it is empty"],
    ["alice", "it has no @-sign"],
    ["alice smith", "it has no @-sign"],
    ["@hospital.example", "it has nothing before the @-sign"],
    ["alice@", "it has nothing after the @-sign"],
    ["a@b@hospital.example", "it has more than one @-sign"],
    ["a\u200bb@hospital.example", "it holds an invisible character"],
    ["a\u00adb@hospital.example", "it holds an invisible character"],
    ["a@hos\u202epital.example", "it holds an invisible character"],
    ["a\ufe0f@hospital.example", "it holds an invisible character"],
    ["a\u3164@hospital.example", "it holds an invisible character"],
    ["alice@hospital.example\r\nBcc: eve@evil.example", "it holds an invisible character"],
    ["Alice <alice@hospital.example>", "it has a display name or angle brackets: send the address alone"],
    ["<alice@hospital.example>", "it has a display name or angle brackets: send the address alone"],
    ['"a@b" <alice@hospital.example>', "it has a display name or angle brackets: send the address alone"],
    ["A <a@b.example>, B <b@b.example>", "it holds more than one address"],
    ["a@hospital.example,b@hospital.example", "it holds more than one address"],
    ["a@hospital.example; b@hospital.example", "it holds more than one address"],
    ["a@hospital.example b@hospital.example", "it holds more than one address"],
    ["a@hospital.example;", "it holds more than one address"],
    ["mailto:a@hospital.example", "it begins with mailto: send the address alone"],
    ["alice smith@hospital.example", "it holds a blank"],
    ["alice@hos pital.example", "it holds a blank"],
    ["alice@hos\u00a0pital.example", "it holds a blank"],
    ["alice(work)@hospital.example", "it holds a comment in parentheses"],
    ['"alice"@hospital.example', "its part before the @-sign is quoted"],
    ['"a b"@hospital.example', "its part before the @-sign is quoted"],
    ["alice@[127.0.0.1]", "its domain is an IP address"],
    ["alice@[IPv6:::1]", "its domain is an IP address"],
    ["alice@127.0.0.1", "its domain is an IP address"],
    ["alice@b\u00fccher.example", "its domain is not written in ASCII: use its A-label form (xn--…)"],
    ["\u00e5lice@hospital.example", "its part before the @-sign holds a character outside ASCII"],
    [".a@hospital.example", "its part before the @-sign begins with a dot"],
    ["a.@hospital.example", "its part before the @-sign ends with a dot"],
    ["a..b@hospital.example", "its part before the @-sign has two dots in a row"],
    [`${"a".repeat(65)}@b.example`, "its part before the @-sign is longer than 64 characters"],
    ["a\\@hospital.example", "its part before the @-sign holds a character that is not accepted"],
    ["a@.hospital.example", "its domain begins with a dot"],
    ["a@hospital.example.", "its domain ends with a dot"],
    ["a@hospital..example", "its domain has two dots in a row"],
    ["a@hos_pital.example", "its domain holds a character that no host name has"],
    ["a@hospital", "its domain has no dot"],
    ["a@localhost", "its domain is reserved"],
    ["a@hospital.test", "its domain is reserved"],
    ["a@mail.invalid", "its domain is reserved"],
    [`a@${"l".repeat(64)}.example`, "a part of its domain is longer than 63 characters"],
    ["a@-hospital.example", "a part of its domain begins or ends with a hyphen"],
    [long(129), "it is longer than 128 characters"],
  ];
  it.each([...reasons])("%j is refused because %s, and is not echoed", (value, reason) => {
    const [issue, ...more] = issuesOf(value);
    assert.strictEqual(issue?.message, `value is not a valid email address: ${reason}`);
    assert.deepStrictEqual(more, []);
  });

  it("of every kind that is refused has a reason of its own", () => {
    const other = "it must be a plain address";
    for (const [, value] of refused) {
      assert.isFalse(
        issuesOf(value).some(({ message }) => message.includes(other)),
        JSON.stringify(value),
      );
    }
  });

  it("is judged in time that does not grow with tricks", () => {
    const started = performance.now();
    read(`${"a.".repeat(60_000)}@`);
    read(`a@${"a-".repeat(60_000)}`);
    assert.isBelow(performance.now() - started, 100);
  });
});

describe("roles", () => {
  const role = "64D3145B-034C-4328-B637-8EB54313B7C5";
  const body = (roles: unknown) =>
    Option.getOrNull(Schema.decodeUnknownOption(RegistrationBody)({ roles, email: "a@hospital.example" }));

  it("are folded to lower case", () => {
    assert.deepStrictEqual(body([role])?.roles as ReadonlyArray<string>, [role.toLowerCase()]);
  });

  it("may be none, and a hundred, and no more", () => {
    assert.deepStrictEqual(body([])?.roles, []);
    assert.strictEqual(body(Array(ROLES_MAX).fill(role))?.roles.length, ROLES_MAX);
    assert.isNull(body(Array(ROLES_MAX + 1).fill(role)));
  });

  it.each([["a text"], [role.replaceAll("-", "")], [`{${role}}`], [`urn:uuid:${role}`], [7], [null]])(
    "that are not written as UUIDs are refused: %j",
    (value) => assert.isNull(body([value])),
  );

  it("that come alone, without a list, are refused", () => assert.isNull(body(role)));

  it("stand beside properties that nobody asked for, which are ignored", () => {
    const value = { roles: [], email: "a@hospital.example", isAdmin: true };
    assert.notProperty(Option.getOrThrow(Schema.decodeUnknownOption(RegistrationBody)(value)), "isAdmin");
  });
});

describe("a sub", () => {
  it("is folded to lower case", () => {
    const upper = "64D3145B-034C-4328-B637-8EB54313B7C5";
    assert.strictEqual(
      Option.getOrNull(Schema.decodeUnknownOption(UserId)(upper)) as string | null,
      upper.toLowerCase(),
    );
  });
});
