/**
 * The OpenAPI 3.1 document of a list of routes: its schemas are the decoders' own, its problems the programs' own.
 *
 * https://spec.openapis.org/oas/v3.1.1.html
 */
import * as JsonSchema from "effect/JsonSchema";
import * as Schema from "effect/Schema";
import * as SchemaRepresentation from "effect/SchemaRepresentation";
import { WhyNotDone } from "../domain/operation.ts";
import { Violation } from "./errors.ts";
import { exampleOf, exampleOfProblem, samplesOf } from "./examples.ts";
import { EXPLANATIONS } from "./explanations.ts";
import { OUTCOMES, type Problem } from "./problem.ts";
import { CODES, type Code, PROBLEMS, pageOf } from "./problems.ts";
import type { Answer, Json, Route } from "./route.ts";
import { Uuid } from "./wire.ts";

type Node = Readonly<Record<string, unknown>>;

/** The shape of every refusal (RFC 9457). */
const ProblemBody = Schema.Struct({
  type: Schema.String.annotate({ description: "Names the kind of problem.", format: "uri" }),
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String.annotate({ description: "One sentence for people. FLIP's where FLIP has one." }),
  instance: Schema.String.annotate({ description: "The operation, or the request." }),
  code: Schema.Literals(Object.keys(PROBLEMS) as [Code, ...Code[]]),
  outcome: Schema.Literals(OUTCOMES).annotate({
    description:
      "What is certain: nothing of this request exists; what it created was deleted again; an operation is open, and the sweeper resolves it; partly_done: what `updated` names was written, and nothing else was done; unknown: nothing is certain, the change may have been made.",
  }),
  retryable: Schema.Boolean.annotate({
    description: "Whether the same request, with the same key, may succeed later.",
  }),
  operationId: Schema.optionalKey(Uuid),
  requestId: Schema.String.annotate({ description: "Also in the log, and in X-Request-Id." }),
  reason: Schema.optionalKey(
    WhyNotDone.annotate({
      description: "Why it was refused: with `create_refused` and `change_refused` only.",
    }),
  ),
  userId: Schema.optionalKey(
    Uuid.annotate({ description: "With `user_exists`: who has the address, in this spelling or another." }),
  ),
  userIds: Schema.optionalKey(
    Schema.Array(Uuid).annotate({ description: "The users whom the refusal is about." }),
  ),
  updated: Schema.optionalKey(
    Schema.Array(Schema.String).annotate({
      description: "What was written to the user's profile all the same: `name`, `organisation`.",
    }),
  ),
  errors: Schema.optionalKey(Schema.Array(Violation.annotate({ identifier: "Violation" }))),
}).annotate({ identifier: "Problem" });

const KEY = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "A string of 1 to 255 printable ASCII characters. A repeat with the same key and the same request hears the same answer and registers nobody twice.",
  schema: { type: "string", minLength: 1, maxLength: 257 },
};

const IF_MATCH = {
  name: "If-Match",
  in: "header",
  description:
    "The user's ETag, or several, or `*`: the change is made only if one of them still is the user's. A `W/` before it is ignored.",
  schema: { type: "string" },
};

const BEARER = {
  type: "http",
  scheme: "bearer",
  bearerFormat: "JWT",
  description: "An access token of the Cognito user pool, for the app client of the deployment.",
};

const METRICS = {
  type: "http",
  scheme: "bearer",
  description: "The deployment's METRICS_TOKEN, where it has one.",
};

const SECURITY: Readonly<Record<Route["needs"], ReadonlyArray<Node>>> = {
  nothing: [],
  identity: [{ cognito: [] }],
  token: [{ cognito: [] }],
  CAN_MANAGE_USERS: [{ cognito: [] }],
  METRICS_TOKEN: [{ cognito: [] }, { metrics: [] }],
};

const text = (description: string, required = true): Node => ({
  description,
  required,
  schema: { type: "string" },
});

const REQUEST_ID = { $ref: "#/components/headers/X-Request-Id" };

/** What components.headers holds: the headers that many answers carry. */
const HEADERS = {
  "X-Request-Id": text("The id of the request, which the log has, too."),
  "WWW-Authenticate": text("RFC 6750, section 3."),
  "Retry-After": text("Seconds after which a repeat makes sense. Absent where waiting does not help.", false),
};

/** The headers that refusals with a status carry beside X-Request-Id. */
const REFUSAL_HEADERS: Partial<Record<number, Readonly<Record<string, Node>>>> = {
  401: { "WWW-Authenticate": { $ref: "#/components/headers/WWW-Authenticate" } },
  409: { "Retry-After": { $ref: "#/components/headers/Retry-After" } },
  429: { "Retry-After": { $ref: "#/components/headers/Retry-After" } },
  503: { "Retry-After": { $ref: "#/components/headers/Retry-After" } },
};

/** What each stage before the program can answer: who calls, then what was sent. */
const stages = (route: Route): ReadonlyArray<Code> => {
  const identified: ReadonlyArray<Code> = [
    "not_authenticated",
    "invalid_token",
    "signing_keys_unavailable",
    "database_refused",
    "database_unavailable",
  ];
  const authenticated: ReadonlyArray<Code> = ["mfa_required", "identity_provider_unavailable"];
  const body: ReadonlyArray<Code> = ["malformed_body", "body_too_large", "unsupported_media_type"];
  return [
    ...(route.needs === "nothing" ? [] : identified),
    ...(route.needs === "nothing" || route.needs === "identity" ? [] : authenticated),
    ...(route.needs === "nothing" ? [] : (["invalid_request"] as const)),
    ...(route.body ? body : []),
    ...(route.idempotent ? (["invalid_idempotency_key"] as const) : []),
    ...(route.conditional ? (["invalid_if_match"] as const) : []),
    "too_many_requests",
    "internal_error",
  ];
};

/** Every code that a route can answer with: those of its own failures and those of the stages before its program. */
export const codesOf = (route: Route): ReadonlyArray<Code> => {
  const own = route.fails.flatMap((failure): ReadonlyArray<Code> => {
    if (typeof failure === "string") return CODES[failure];
    const [tag, ...some] = failure;
    return some.length > 0 ? some : CODES[tag];
  });
  return [...new Set([...own, ...stages(route)])];
};

/** The document of these routes, as JSON. `version`: of the service. */
export const openapi = (routes: ReadonlyArray<Route>, version: string): Node =>
  brief(document(routes, version)) as Node;

/** The same without `additionalProperties: true`, which is the default and makes client types vague. */
const brief = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(brief);
  if (typeof node !== "object" || node === null) return node;
  const kept = Object.entries(node).filter(
    ([key, value]) => key !== "additionalProperties" || value !== true,
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, brief(value)]));
};

const document = (routes: ReadonlyArray<Route>, version: string): Node => {
  const bodies = converted([ProblemBody, ...routes.flatMap(schemasOf)]);
  const paths: Record<string, Record<string, Node>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route, bodies) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Registrar",
      version,
      summary: "Registers a user in AWS Cognito and Postgres completely, or leaves nothing behind.",
      description: [
        "Every refusal is a problem (RFC 9457) whose `code` is stable.",
        "`not_found` answers a path, and `method_not_allowed` (405, with `Allow`) a method, that is not listed here.",
        "Every path answers with and without a trailing slash. HEAD answers where GET does.",
      ].join(" "),
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(routes.map(({ area }) => area))].map((name) => ({ name })),
    paths,
    components: {
      schemas: bodies.definitions,
      headers: HEADERS,
      examples: EXAMPLES,
      securitySchemes: { cognito: BEARER, metrics: METRICS },
    },
  };
};

const schemasOf = ({ params, query, body, answers }: Route): ReadonlyArray<Json> => [
  ...[params, query, body].filter((schema) => schema !== undefined),
  ...Object.values(answers).flatMap((answer) => [answer.body, ...Object.values(answer.headers ?? {})]),
];

/** The JSON Schemas of what travels (the encoded side), and the definitions that they refer to. */
const converted = (schemas: ReadonlyArray<Json>) => {
  const asts = schemas.map((schema) => Schema.toCodecJson(schema).ast);
  const written = JsonSchema.toMultiDocumentOpenApi3_1(
    SchemaRepresentation.toJsonSchemaMultiDocument(
      SchemaRepresentation.toRepresentations(asts as [(typeof asts)[number], ...typeof asts]),
    ),
  );
  const known = new Map(schemas.map((schema, index) => [schema, written.schemas[index] as Node]));
  const definitions = written.definitions as Readonly<Record<string, Node>>;
  const of = (schema: Json): Node => known.get(schema) as Node;
  return {
    schema: of,
    /** A body as JSON, with an example. */
    json: (schema: Json): Node => ({ schema: of(schema), example: exampleOf(of(schema), definitions) }),
    definitions,
  };
};

type Converted = ReturnType<typeof converted>;

const operation = (route: Route, bodies: Converted): Node => ({
  operationId: route.id,
  tags: [route.area],
  summary: route.summary,
  ...(route.details && { description: route.details }),
  ...(route.needs !== "nothing" && { security: SECURITY[route.needs] }),
  ...(/^(?:CAN_MANAGE_USERS|METRICS_TOKEN)$/.test(route.needs) && { "x-permission": "CAN_MANAGE_USERS" }),
  parameters: [
    ...(route.params ? parameters(bodies.schema(route.params), "path") : []),
    ...(route.query ? parameters(bodies.schema(route.query), "query") : []),
    ...(route.idempotent ? [KEY] : []),
    ...(route.conditional ? [IF_MATCH] : []),
  ],
  ...(route.body && {
    requestBody: {
      required: route.bodyOptional !== true,
      content: { "application/json": bodies.json(route.body) },
    },
  }),
  responses: {
    ...Object.fromEntries(
      Object.entries(route.answers).map(([status, given]) => [status, answer(given, bodies)]),
    ),
    ...refusals(route),
  },
});

/** The parameters that an object schema describes, each under its name. */
const parameters = ({ properties = {}, required = [] }: Node, where: "path" | "query"): ReadonlyArray<Node> =>
  Object.entries(properties as Record<string, Node>).map(([name, { description, ...schema }]) => ({
    name,
    in: where,
    required: (required as ReadonlyArray<string>).includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));

const answer = (
  { means, body, type = "application/json", headers = {}, also = {} }: Answer,
  { schema: of, json }: Converted,
): Node => ({
  description: means,
  headers: {
    "X-Request-Id": REQUEST_ID,
    ...Object.fromEntries(Object.entries(headers).map(([name, schema]) => [name, { schema: of(schema) }])),
  },
  content: {
    [mediaType(type)]: type === "application/json" ? json(body) : { schema: of(body) },
    ...Object.fromEntries(
      Object.entries(also).map(([type, description]) => [type, { schema: { type: "string", description } }]),
    ),
  },
});

/** Without its parameters. */
const mediaType = (type: string): string => type.split(";")[0] ?? "";

/** The answers that a code can be heard in, one for each outcome, by the names that they have in components.examples. */
const examplesOf = (code: Code): ReadonlyArray<readonly [name: string, problem: Problem]> => {
  const samples = samplesOf(code);
  const first = samples.filter(
    ({ outcome }, index) => samples.findIndex((other) => other.outcome === outcome) === index,
  );
  return first.map((problem) => [first.length === 1 ? code : `${code}-${problem.outcome}`, problem]);
};

/** What components.examples holds: every problem. */
const EXAMPLES: Node = Object.fromEntries(
  (Object.keys(PROBLEMS) as ReadonlyArray<Code>).flatMap((code) =>
    examplesOf(code).map(([name, problem]) => [
      name,
      { summary: EXPLANATIONS[code].means, value: exampleOfProblem(problem) },
    ]),
  ),
);

const exampleRefs = (codes: ReadonlyArray<Code>): Node =>
  Object.fromEntries(
    codes.flatMap(examplesOf).map(([name]) => [name, { $ref: `#/components/examples/${name}` }]),
  );

const refusals = (route: Route): Readonly<Record<string, Node>> => {
  const byStatus = Object.groupBy(codesOf(route), (code) => PROBLEMS[code].status);
  const entries = Object.entries(byStatus).map(([status, codes]): [string, Node] => {
    const schema = {
      allOf: [
        { $ref: "#/components/schemas/Problem" },
        { type: "object", properties: { status: { const: Number(status) }, code: { enum: codes } } },
      ],
    };
    const description = codes
      .map((code) => `[\`${code}\`](${pageOf(code)}): ${EXPLANATIONS[code].means}`)
      .join("\n\n");
    const headers = { "X-Request-Id": REQUEST_ID, ...REFUSAL_HEADERS[Number(status)] };
    return [
      status,
      {
        description,
        headers,
        content: { "application/problem+json": { schema, examples: exampleRefs(codes) } },
      },
    ];
  });
  return Object.fromEntries(entries);
};
