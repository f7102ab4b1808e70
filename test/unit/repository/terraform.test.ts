/** deploy/aws/main.tf, as far as it can be held to anything without an account: it parses, and its parts fit together. */
import { readFileSync } from "node:fs";
import { parse } from "@cdktn/hcl2json";
import { assert, beforeAll, describe, it } from "vitest";
import { Environment } from "../../../src/settings.ts";

const FILE = "deploy/aws/main.tf";
const text = readFileSync(FILE, "utf8");

type Block = Readonly<Record<string, unknown>>;
type Blocks = Readonly<Record<string, Readonly<Record<string, ReadonlyArray<Block>>>>>;
interface Terraform {
  readonly resource: Blocks;
  readonly data: Blocks;
  readonly variable: Readonly<Record<string, ReadonlyArray<Block>>>;
  readonly output: Readonly<Record<string, ReadonlyArray<Block>>>;
  readonly locals: ReadonlyArray<Block>;
}

/** How the parser shows an expression. */
const reference = (expression: string) => `\${${expression}}`;

let file: Terraform;
let pool: Block;
beforeAll(async () => {
  file = (await parse(FILE, text)) as unknown as Terraform;
  pool = file.resource.aws_cognito_user_pool?.pool?.[0] ?? {};
});

describe(FILE, () => {
  it("is HCL, and what is not is told", async () => {
    const failure = await parse("bad.tf", "resource {").then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.isDefined(failure);
  });

  it("refers to nothing that it does not have", () => {
    const expressions = [...text.matchAll(/^\s*[^#\s].*$/gm)].map(([line]) => line);
    const wrong = expressions.flatMap((line) => {
      const variables = [...line.matchAll(/\bvar\.(\w+)/g)].filter(
        ([, name = ""]) => !(name in file.variable),
      );
      const locals = [...line.matchAll(/\blocal\.(\w+)/g)].filter(
        ([, name = ""]) => !(name in (file.locals[0] ?? {})),
      );
      const data = [...line.matchAll(/\bdata\.(\w+)\.(\w+)/g)].filter(
        ([, type = "", name = ""]) => file.data[type]?.[name] === undefined,
      );
      const resources = [...line.matchAll(/(?<![\w."/])(aws_\w+)\.(\w+)/g)].filter(
        ([, type = "", name = ""]) => file.resource[type]?.[name] === undefined,
      );
      return [...variables, ...locals, ...data, ...resources].map(([named]) => named);
    });
    assert.deepStrictEqual(wrong, []);
  });

  it("uses every variable that it asks for", () => {
    const unused = Object.keys(file.variable).filter((name) => !text.includes(`var.${name}`));
    assert.deepStrictEqual(unused, []);
  });

  it("makes the pool that the settings have by default", () => {
    assert.deepInclude(pool, { username_attributes: ["email"], deletion_protection: "ACTIVE" });
    assert.deepStrictEqual(pool.username_configuration, [{ case_sensitive: false }]);
    const [schema] = pool.schema as ReadonlyArray<Block>;
    assert.deepInclude(schema, { name: "registration_id", attribute_data_type: "String", mutable: false });
    const [policy] = pool.password_policy as ReadonlyArray<Block>;
    const settings = readFileSync("docs/configuration.md", "utf8");
    assert.include(settings, `| \`custom:${schema?.name}\` |`);
    assert.match(
      settings,
      new RegExp(
        `^\\| \`TEMPORARY_PASSWORD_DAYS\` .*\\| \`${policy?.temporary_password_validity_days}\` \\|$`,
        "m",
      ),
    );
  });

  it("lets nobody break the pool: the schema is ignored later, and the pool is not destroyed", () => {
    const [lifecycle] = pool.lifecycle as ReadonlyArray<Block>;
    assert.deepStrictEqual(lifecycle, { ignore_changes: [reference("schema")], prevent_destroy: true });
  });

  it("takes its actions from the policy files, and allows them on the one pool", () => {
    const { actions, pool_arn } = file.locals[0] as { actions: unknown; pool_arn: string };
    const named = JSON.stringify(actions);
    for (const name of ["iam-policy.json", "iam-policy-doctor.json"]) assert.include(named, name);
    assert.match(pool_arn, /:userpool\/\$\{local\.pool_id\}$/);
    for (const name of ["service", "doctor"]) {
      const [document] = file.data.aws_iam_policy_document?.[name] ?? [];
      const [statement] = (document?.statement ?? []) as ReadonlyArray<Block>;
      assert.deepStrictEqual(statement?.resources, [reference("local.pool_arn")]);
      assert.strictEqual(statement?.actions, reference(`local.actions.${name}`));
    }
  });

  it("puts no key into its state, and names its outputs as the settings are named", () => {
    assert.isUndefined(file.resource.aws_iam_access_key);
    const settings = Object.keys(file.output).filter((name) => /^[A-Z]/.test(name));
    assert.deepStrictEqual(
      settings.filter((name) => !(name in Environment.fields)),
      [],
    );
    assert.lengthOf(settings, 3);
  });
});
