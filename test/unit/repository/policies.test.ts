/** The IAM policies of deploy/ allow what is sent, and nothing else. */
import { globSync, readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { actionsOf } from "../../../dev/cognito-console.ts";

/** Every command that the files of a pattern send to Cognito. */
const sentBy = (pattern: string): ReadonlyArray<string> => {
  const texts = globSync(pattern).map((file) => readFileSync(file, "utf8"));
  const names = texts.flatMap((text) =>
    [...text.matchAll(/new (\w+)Command\(/g)].map(([, name = ""]) => name),
  );
  return [...new Set(names)].toSorted();
};

const service = actionsOf("iam-policy.json");

describe("deploy/iam-policy.json", () => {
  it("allows exactly the actions that the service sends, on one pool", () => {
    assert.deepStrictEqual(service, sentBy("src/**/*.ts"));
    const { Statement } = JSON.parse(readFileSync("deploy/iam-policy.json", "utf8"));
    assert.match(Statement[0].Resource, /^arn:aws:cognito-idp:[\w-]+:\d{12}:userpool\/[\w-]+$/);
    assert.strictEqual(Statement.length, 1);
  });

  it("is asked for by the doctor, action by action", () => {
    assert.deepStrictEqual(service, sentBy("cli/doctor/checks/rights.ts"));
  });
});

describe("deploy/iam-policy-doctor.json", () => {
  it("allows exactly what the doctor asks with its own keys", () => {
    const own = sentBy("cli/doctor/{*,checks/{pool,clients}}.ts");
    assert.deepStrictEqual(actionsOf("iam-policy-doctor.json"), own);
  });
});

describe("deploy/iam-policy-rds.json", () => {
  it("lets the service sign in as one database user of one database, and nothing else", () => {
    const { Statement } = JSON.parse(readFileSync("deploy/iam-policy-rds.json", "utf8"));
    assert.deepStrictEqual(
      Statement.map(({ Action }: { Action: unknown }) => Action),
      [["rds-db:connect"]],
    );
    assert.match(Statement[0].Resource, /^arn:aws:rds-db:[\w-]+:\d{12}:dbuser:db-\w+\/registrar_a$/);
  });
});
