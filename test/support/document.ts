/**
 * Whether an answer is one that the OpenAPI document describes: its status, its media type, its body and its headers.
 * The document is made of the routes; ajv, which has no part in the service, is the judge.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { openapi } from "../../src/http/openapi.ts";
import { routes } from "../../src/http/routes/all.ts";
import type { Answer } from "./http.ts";

interface Described {
  readonly headers?: Readonly<Record<string, { readonly $ref?: string; readonly required?: boolean }>>;
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Described>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly headers: Readonly<Record<string, { readonly required: boolean }>> };
}

const document = openapi(routes, "test") as unknown as Document;
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
formats.default(ajv);
ajv.addSchema(document, "registrar");

const templates = Object.keys(document.paths)
  .sort((a, b) => Number(a.includes("{")) - Number(b.includes("{")))
  .map((path) => ({ path, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}/?$`) }));

/** The operation that answers a request, as the document has it; undefined where it names no such path or method. */
export const operationOf = (method: string, target: string): Operation | undefined => {
  const path = target.split("?")[0] ?? "";
  const template = templates.find(({ pattern }) => pattern.test(path))?.path;
  return template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()];
};

/** What is wrong with an answer, one sentence each; nothing where the document describes it. */
export const contradictions = (method: string, target: string, answer: Answer): ReadonlyArray<string> => {
  const operation = operationOf(method, target);
  const about = `${method} ${target.split("?")[0]} ${answer.status}`;
  if (operation === undefined) {
    const described = "#/components/schemas/Problem";
    return invalid(about, { $ref: `registrar${described}` }, answer.json);
  }
  const described = operation.responses[answer.status];
  if (described === undefined) return [`${about}: the document has no such status`];
  const [type = ""] = (answer.headers["content-type"] ?? "").split(";");
  const content = described.content[type];
  if (content === undefined) return [`${about}: the document has no ${type}`];
  const missing = Object.entries(described.headers ?? {})
    .filter(([name, header]) => isRequired(header) && answer.headers[name.toLowerCase()] === undefined)
    .map(([name]) => `${about}: the header ${name} is missing`);
  // Text is text: ajv judges JSON.
  if (!/[/+]json$/.test(type)) return missing;
  const pointer = [operation.operationId, answer.status, type].join(" ");
  return [...missing, ...invalid(pointer, local(content.schema), answer.json)];
};

const isRequired = ({ $ref, required }: { readonly $ref?: string; readonly required?: boolean }) =>
  $ref === undefined ? required : document.components.headers[$ref.split("/").at(-1) ?? ""]?.required;

/** References are to the document, not to the part that is compiled. */
const local = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"registrar#/components'));

const compiled = new Map<string, ReturnType<typeof ajv.compile>>();

const invalid = (key: string, schema: object, value: unknown): ReadonlyArray<string> => {
  const validate = compiled.get(key) ?? ajv.compile(schema);
  compiled.set(key, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${key}: ${instancePath} ${message}`);
};

interface Content {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly $ref: string }>>;
}

interface Part {
  readonly name: string;
  readonly content: Readonly<Record<string, Content>>;
}

/** Every body of the document, of requests and of answers. */
const bodies = (): ReadonlyArray<Part> =>
  Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .flatMap(({ operationId, responses, ...rest }) => {
      const { requestBody } = rest as { requestBody?: Pick<Part, "content"> };
      const answers = Object.entries(responses).map(([status, { content }]) => ({
        name: `${operationId} ${status}`,
        content: content as Part["content"],
      }));
      return requestBody === undefined ? answers : [{ name: operationId, ...requestBody }, ...answers];
    });

/** Every example of the document, with the schema that it is an example of, and bodies of JSON that have none. */
export const examples = () =>
  bodies().flatMap(({ name, content }) =>
    Object.entries(content)
      .filter(([type]) => /[/+]json$/.test(type))
      .flatMap(([type, { schema, example, examples: named = {} }]) => {
        const values = [
          ...(example === undefined ? [] : [example]),
          ...Object.values(named).map(({ $ref }) => resolve($ref)),
        ];
        return [{ name: `${name} ${type}`, schema, values }];
      }),
  );

const resolve = (ref: string): unknown => {
  const known = document.components as unknown as {
    examples: Readonly<Record<string, { readonly value: unknown }>>;
  };
  return known.examples[ref.split("/").at(-1) ?? ""]?.value;
};

/** What is wrong with a value that is to be an example of a schema of the document. */
export const wrongExample = (name: string, schema: object, value: unknown): ReadonlyArray<string> =>
  invalid(`example ${name}`, local(schema), value);
