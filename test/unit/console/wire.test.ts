/** What the console reads of an answer is what the OpenAPI document says that the answer has. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { parseSync } from "oxc-parser";

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly anyOf?: ReadonlyArray<Schema>;
}

const document = JSON.parse(readFileSync("public/openapi.json", "utf8")) as {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

interface Declared {
  readonly type: string;
  readonly declaration?: {
    readonly type: string;
    readonly id: { readonly name: string };
    readonly body?: { readonly body: ReadonlyArray<{ readonly key: { readonly name: string } }> };
  };
}

/** The fields of each interface of a file. */
const interfaces = (file: string): ReadonlyMap<string, ReadonlyArray<string>> => {
  const { program } = parseSync(file, readFileSync(file, "utf8"));
  const declared = (program.body as unknown as ReadonlyArray<Declared>).flatMap(({ declaration }) =>
    declaration?.type === "TSInterfaceDeclaration" ? [declaration] : [],
  );
  return new Map(declared.map(({ id, body }) => [id.name, (body?.body ?? []).map(({ key }) => key.name)]));
};

/** Each with the schemas of the document that it is read from. */
const READ_FROM: Readonly<Record<string, ReadonlyArray<string>>> = {
  Role: ["Role"],
  Person: ["Person"],
  Account: ["Account"],
  People: ["People", "PeopleRead", "PeopleAfter"],
  Operation: ["Operation", "UndecodableOperation"],
  PastRole: ["PastRole"],
  AuditEntry: ["AuditEntry"],
  Page: ["AuditPage", "Operations"],
  Ready: ["Ready"],
};

describe("what the console reads", () => {
  const known = interfaces("console/api/wire.ts");

  it.each(Object.entries(READ_FROM))("%s has no field that no answer has", (name, schemas) => {
    const fields = schemas.flatMap((schema) =>
      Object.keys(document.components.schemas[schema]?.properties ?? {}),
    );
    const read = known.get(name) ?? [];
    assert.isNotEmpty(read);
    assert.deepStrictEqual(
      read.filter((field) => !fields.includes(field)),
      [],
    );
  });
});
