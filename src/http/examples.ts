/**
 * The examples of the OpenAPI document and of the problem pages: of a body what its schema says an example is, of a problem
 * what the application answers to such a failure. In no bundle.
 */
import * as Schema from "effect/Schema";
import {
  ChangeRefused,
  ChangeTracked,
  CleanupRequired,
  CloseNotPossible,
  CreateRefused,
  DatabaseRefused,
  Forbidden,
  IdempotencyKeyReused,
  InvitationNotNeeded,
  LastManager,
  LeaveNotPossible,
  MfaRequired,
  NotOneself,
  OperationNotFound,
  OperationUndecodable,
  OwnAccount,
  PreconditionFailed,
  ProfilesNotKept,
  RegistrationInProgress,
  RegistrationRolledBack,
  SecondFactorElsewhere,
  Superseded,
  TooManyRequests,
  Unavailable,
  UnknownCursor,
  UnknownRoles,
  UserExists,
  UserLost,
  UserNotFound,
} from "../domain/errors.ts";
import { ChangeKind, OperationId } from "../domain/operation.ts";
import { Email, RoleId, UserId } from "../domain/user.ts";
import { SigningKeysUnavailable, Unauthenticated } from "../ports/token-verifier.ts";
import {
  BodyTooLarge,
  InvalidIdempotencyKey,
  InvalidIfMatch,
  InvalidRequest,
  InvalidUserKey,
  MalformedBody,
  MethodNotAllowed,
  NotFound,
  UnsupportedMediaType,
} from "./errors.ts";
import { internalProblem, type Problem, problemBody, toProblem } from "./problem.ts";
import type { Code, HttpError, Tag } from "./problems.ts";

const operationId = Schema.decodeSync(OperationId)("3e04f21e-3fc9-49f3-9f20-723586faeeed");
const user = Schema.decodeSync(UserId)("6a15eb3d-1001-473a-ace8-eb9cc03e5667");
const role = Schema.decodeSync(RoleId)("10b64ed0-bc90-4c01-9cc3-933c704905c1");
const email = Schema.decodeSync(Email)("ada@example.org");
const edition = "2026-09";
const cause = new Error("an example");
const change = { operationId, kind: "disable", edition, reason: "other" } as const;

/** A failure of each tag; several where the answers differ in more than words. Exhaustive by type. */
const SAMPLES: { readonly [T in Tag]: ReadonlyArray<Extract<HttpError, { readonly _tag: T }>> } = {
  Unauthenticated: [new Unauthenticated({ reason: "missing" }), new Unauthenticated({ reason: "expired" })],
  SigningKeysUnavailable: [new SigningKeysUnavailable({ cause })],
  Forbidden: [new Forbidden({ caller: user, action: "register a user" })],
  TooManyRequests: [new TooManyRequests({ retryAfterSeconds: 60 })],
  MfaRequired: [new MfaRequired()],
  NotOneself: [new NotOneself()],
  NotFound: [new NotFound()],
  OperationNotFound: [new OperationNotFound()],
  UserNotFound: [
    new UserNotFound({ key: user, kind: "set roles" }),
    new UserNotFound({ key: user, kind: "disable", updated: ["name"] }),
  ],
  MethodNotAllowed: [new MethodNotAllowed({ allow: ["GET", "HEAD", "POST"] })],
  UnsupportedMediaType: [new UnsupportedMediaType()],
  BodyTooLarge: [new BodyTooLarge()],
  MalformedBody: [new MalformedBody()],
  InvalidIdempotencyKey: [new InvalidIdempotencyKey()],
  InvalidIfMatch: [new InvalidIfMatch()],
  InvalidUserKey: [new InvalidUserKey()],
  InvalidRequest: [
    new InvalidRequest({
      violations: [{ type: "missing", loc: ["body", "email"], msg: "Field required" }],
    }),
  ],
  UnknownCursor: [new UnknownCursor()],
  UnknownRoles: [new UnknownRoles({ roles: [role] })],
  UserExists: [new UserExists({ operationId, email, userId: user })],
  IdempotencyKeyReused: [new IdempotencyKeyReused({ operationId })],
  RegistrationInProgress: [new RegistrationInProgress({ operationId })],
  OperationUndecodable: [new OperationUndecodable({ operationId })],
  UserLost: [new UserLost({ operationId })],
  OwnAccount: [new OwnAccount({ kind: "remove" })],
  LastManager: [new LastManager({ doubtful: [user] })],
  Superseded: [new Superseded()],
  PreconditionFailed: [new PreconditionFailed()],
  InvitationNotNeeded: [new InvitationNotNeeded({ status: "CONFIRMED" })],
  ProfilesNotKept: [new ProfilesNotKept()],
  ChangeRefused: [
    new ChangeRefused({ ...change, certain: true }),
    new ChangeRefused({ ...change, certain: true, updated: ["name"] }),
    new ChangeRefused({ ...change, certain: false }),
  ],
  CloseNotPossible: [new CloseNotPossible({ operationId, why: "in_progress" })],
  SecondFactorElsewhere: [new SecondFactorElsewhere()],
  LeaveNotPossible: [new LeaveNotPossible({ operationId })],
  CreateRefused: [
    new CreateRefused({ operationId, why: "verdict", reason: "address_not_accepted" }),
    new CreateRefused({ operationId, why: "configuration", reason: "credentials" }),
  ],
  RegistrationRolledBack: [
    new RegistrationRolledBack({ operationId }),
    new RegistrationRolledBack({ operationId, needsNewKey: true }),
  ],
  CleanupRequired: [
    new CleanupRequired({ operationId, user: { sub: user, kind: "register" } }),
    new CleanupRequired({ operationId, needsNewKey: true }),
  ],
  DatabaseRefused: [new DatabaseRefused({ cause })],
  ChangeTracked: ChangeKind.literals.map((kind) => new ChangeTracked({ operationId, kind, edition, cause })),
  Unavailable: (["database", "identity provider"] as const).flatMap((dependency) => [
    new Unavailable({ dependency }),
    new Unavailable({ dependency, operationId }),
    new Unavailable({ dependency, operationId, inDoubt: true }),
  ]),
};

const PROBLEMS_KNOWN: ReadonlyArray<Problem> = [
  ...Object.values(SAMPLES).flatMap((samples) => (samples as ReadonlyArray<HttpError>).map(toProblem)),
  internalProblem("nothing_created"),
  internalProblem("unknown"),
];

/** Every answer that a code can be heard in, as a value. */
export const samplesOf = (code: Code): ReadonlyArray<Problem> =>
  PROBLEMS_KNOWN.filter((problem) => problem.code === code);

const ASKED = {
  requestId: "1f1c02d3-5eda-493f-b9ca-950b073b2338",
  publicUrl: "https://registrar.example.org",
};

/** The body of an answer. */
export const exampleOfProblem = (problem: Problem) => problemBody(problem, ASKED);

/** A JSON Schema, or a part of one. */
type Node = Readonly<Record<string, unknown>>;

const at = "2026-11-23T04:00:00.000000Z";
const admin = "0f3c2d4e-7a51-4b58-9b0e-2f6a3c1d5e70";
const ada = { name: "Ada Lovelace", organisation: "Analytical Engines" };
const researcher = { id: role, rolename: "Researcher" };
const roleShown = { ...researcher, roledescription: "Works on projects" };

const person = {
  id: user,
  email,
  ...ada,
  isDisabled: false,
  roles: [roleShown],
  status: "invited",
  federated: false,
  invitations: { count: 1, lastAt: at },
  deliveryFailed: false,
  temporaryPasswordExpiresAt: "2026-11-30T04:00:00.000000Z",
  disabledBy: null,
  openOperations: [],
};

/** A registration that could not be committed, and whose user Cognito has not deleted yet. */
const operation = {
  operationId,
  kind: "register",
  state: "rolling_back",
  email,
  ...ada,
  roles: [role],
  userId: user,
  caller: admin,
  verdict: null,
  reason: null,
  startedAt: at,
  closedAt: null,
  acknowledgedAt: null,
  missingSince: null,
  graceUntil: null,
  tries: 1,
  needsOperator: false,
  lastError: "remove: InternalErrorException",
  history: [
    { at, state: "started", by: "request" },
    { at: "2026-11-23T04:00:01.000000Z", state: "rolling_back", by: "request" },
  ],
  next: {
    what: "The sweeper will look for the user, delete them if this registration created them, and close it.",
    at: "2026-11-23T04:01:00.000000Z",
  },
};

/** What stands for a whole, where its parts would contradict each other if each were an example by itself. */
const WHOLE: Readonly<Record<string, unknown>> = {
  RegistrationBody: { email, ...ada, roles: [role] },
  RolesBody: { roles: [role] },
  UpdateUserBody: { disabled: true },
  UserUpdated: { disabled: true },
  ResolveBody: { note: "Seen with the operator of the pool." },
  RegisteredUser: { roles: [role], email, userId: user, ...ada },
  RegisteredUserWithRoles: { user_id: user, userId: user, email, roles: [role], ...ada },
  Nothing: {},
  Role: roleShown,
  PastRole: researcher,
  User: { id: user, email, ...ada, isDisabled: false },
  Person: person,
  Account: { ...person, secondFactors: ["SOFTWARE_TOKEN_MFA"] },
  People: { page: 1, pageSize: 20, totalPages: 1, totalRecords: 1, data: [person] },
  Permissions: { permissions: ["CAN_MANAGE_USERS"] },
  MfaReset: { remaining: [] },
  Operation: operation,
  Operations: { items: [operation], next: null },
  Resolution: {
    resolution: "rolled_back",
    operation: {
      ...operation,
      state: "rolled_back",
      closedAt: "2026-11-23T04:01:00.000000Z",
      tries: 2,
      lastError: null,
      history: [
        ...operation.history,
        { at: "2026-11-23T04:01:00.000000Z", state: "rolled_back", by: "operator", who: admin },
      ],
      next: { what: "Nothing: no user of this registration exists.", at: null },
    },
  },
  AuditPage: {
    items: [
      {
        id: "b3a1c9d2-5e47-4f0a-8d6b-1c2e3f405162",
        action: "Updated user roles",
        subject: user,
        actor: admin,
        at,
        roles: { before: [], after: [researcher] },
        denials: null,
      },
    ],
    next: null,
  },
  Ready: {
    ready: true,
    checks: { database: "ok", schema: "ok", signingKeys: "ok", operations: "ok" },
  },
  Welcome: { message: "Welcome to Registrar" },
  Health: { status: "ok", message: "registrar is running" },
};

/**
 * What a schema says an example is: its own, that of the whole that it is, or one made of its parts. Of several
 * possibilities the first counts that is not null.
 */
export const exampleOf = (schema: Node, definitions: Readonly<Record<string, Node>>): unknown => {
  const { examples, $ref, enum: values, anyOf, type, properties, items } = schema;
  const again = (part: unknown) => exampleOf(part as Node, definitions);
  if (Array.isArray(examples)) return examples[0];
  if (Array.isArray(values)) return values[0];
  if (typeof $ref === "string") {
    const name = $ref.split("/").at(-1) ?? "";
    return WHOLE[name] ?? again(definitions[name] ?? {});
  }
  if (Array.isArray(anyOf)) return again(anyOf.find((one: Node) => one.type !== "null"));
  if (type === "array") return [again(items)];
  if (type === "boolean") return true;
  if (type === "object")
    return Object.fromEntries(Object.entries(properties as Node).map(([name, part]) => [name, again(part)]));
  throw new Error(`${JSON.stringify(schema)}: has no example, and none can be made of its parts`);
};
