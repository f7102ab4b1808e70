/**
 * Adds the attribute of the ownership tag to the pool. It can never be removed or changed, so a person has to say yes.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddCustomAttributes.html
 */
import { AddCustomAttributesCommand } from "@aws-sdk/client-cognito-identity-provider";
import { CommandError, UsageError } from "../command.ts";
import { answerTo } from "../terminal.ts";
import { NotAsked } from "./check.ts";
import { nameOf, notAskedOf, type Subject } from "./subject.ts";

const TAG_LENGTH = 36;

/** Adds it where it is missing, and says in a sentence what was done. `yes`: nobody is asked. */
export async function addTag({ settings, pool, own }: Subject, yes: boolean): Promise<string> {
  const { ownershipAttribute: attribute, userPoolId: UserPoolId } = settings();
  if (attribute === null) throw new UsageError("OWNERSHIP_ATTRIBUTE is empty: it names what is to be added.");
  const { SchemaAttributes = [] } = await pool();
  if (SchemaAttributes.some(({ Name }) => Name === attribute))
    return `The pool has an attribute ${attribute} already.`;
  if (!yes && !(await isAgreed(attribute, UserPoolId))) throw new CommandError("Nothing was added.");
  const added = new AddCustomAttributesCommand({
    UserPoolId,
    CustomAttributes: [
      {
        Name: attribute.replace(/^custom:/, ""),
        AttributeDataType: "String",
        Mutable: false,
        StringAttributeConstraints: { MinLength: "0", MaxLength: `${TAG_LENGTH}` },
      },
    ],
  });
  try {
    await own((client, options) => client.send(added, options));
  } catch (error) {
    const why = notAskedOf(error, "AddCustomAttributes");
    throw new CommandError(
      `${attribute} was not added: ${why instanceof NotAsked ? why.message : nameOf(error)}.`,
    );
  }
  return `${attribute} is added.`;
}

const WARNING = `An attribute of a pool can never be removed or changed. Where Terraform has the pool, let it ignore
the schema first, or each later apply fails:

  lifecycle {
    ignore_changes = [schema]
  }
`;

const isAgreed = async (attribute: string, pool: string): Promise<boolean> =>
  (await answerTo(
    `${WARNING}\nAdd ${attribute} to ${pool}? Write yes to do so:`,
    "Nobody can be asked here: say --yes to add the attribute.",
  )) === "yes";
