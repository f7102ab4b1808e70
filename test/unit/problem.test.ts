/**
 * Every error's answer: status, code, what is certain about the user, headers, and FLIP's sentences word for word.
 * The table is exhaustive by type: an error without a row here does not compile.
 */
import { assert, describe, it } from "@effect/vitest";
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
} from "../../src/domain/errors.ts";
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
} from "../../src/http/errors.ts";
import { internalProblem, type Outcome, problemResponse, toProblem } from "../../src/http/problem.ts";
import type { HttpError } from "../../src/http/problems.ts";
import { SigningKeysUnavailable, Unauthenticated } from "../../src/ports/token-verifier.ts";
import { alice, operationId as idOf } from "../simulation/memory/scene.ts";
import { admin, adminRole, researcherRole } from "../simulation/memory/world.ts";

const operationId = idOf(1);
const asked = { requestId: "request-1", publicUrl: null };
const cause = new Error("alice@hospital.example and a stack that nobody may see");

/** status, code, detail, outcome, retryable, headers of the answer that are its own */
type Answer = readonly [number, string, string, Outcome, boolean, Readonly<Record<string, string>>?];
type Row = readonly [HttpError, Answer];

const nothing = "nothing_created";
const later = "at the moment. Please try again.";
const invalidToken = { "WWW-Authenticate": 'Bearer realm="registrar", error="invalid_token"' };
const token = (detail: string): Answer => [401, "invalid_token", detail, nothing, false, invalidToken];

const replayed = { "Idempotency-Replayed": "true" };

const notFound = (key: string, kind: UserNotFound["kind"], detail: string): Row => [
  new UserNotFound({ key, kind }),
  [404, "user_not_found", detail, nothing, false],
];

const tracked = (kind: ChangeTracked["kind"], detail: string): Row => [
  new ChangeTracked({ operationId, kind, edition: "2026-05", cause }),
  [500, `${kind}_tracked`, detail, "tracked", true],
];

const rows: { readonly [Tag in HttpError["_tag"]]: ReadonlyArray<Row> } = {
  Unauthenticated: [
    [
      new Unauthenticated({ reason: "missing" }),
      [
        401,
        "not_authenticated",
        "Not authenticated",
        nothing,
        false,
        { "WWW-Authenticate": 'Bearer realm="registrar"' },
      ],
    ],
    [new Unauthenticated({ reason: "invalid", cause }), token("Could not validate credentials")],
    [new Unauthenticated({ reason: "expired", cause }), token("Token has expired")],
    [new Unauthenticated({ reason: "no subject" }), token("Token missing user identifier")],
    [new Unauthenticated({ reason: "bad subject" }), token("Invalid user identifier format")],
    [new Unauthenticated({ reason: "no username" }), token("Token missing username claim")],
  ],
  SigningKeysUnavailable: [
    [
      new SigningKeysUnavailable({ cause }),
      [
        503,
        "signing_keys_unavailable",
        `The service that signs the tokens cannot be reached ${later}`,
        nothing,
        true,
        { "Retry-After": "5" },
      ],
    ],
  ],
  Forbidden: [
    [
      new Forbidden({ caller: admin, action: "register a user" }),
      [403, "forbidden", `User with ID: ${admin} was unable to register a user`, nothing, false],
    ],
    [
      new Forbidden({ caller: admin, action: "manage users" }),
      [403, "forbidden", `User with ID: ${admin} was unable to manage users`, nothing, false],
    ],
    [
      new Forbidden({ caller: admin, action: "update roles" }),
      [403, "forbidden", `User with ID: ${admin} was unable to update a user's roles`, nothing, false],
    ],
    [
      new Forbidden({ caller: admin, action: "see roles" }),
      [403, "forbidden", `User with ID: ${admin} does not have permission`, nothing, false],
    ],
  ],
  TooManyRequests: [
    [
      new TooManyRequests({ retryAfterSeconds: 42 }),
      [
        429,
        "too_many_requests",
        "Too many requests. Please wait, and then ask less often.",
        nothing,
        true,
        { "Retry-After": "42" },
      ],
    ],
  ],
  MfaRequired: [[new MfaRequired(), [403, "mfa_required", "MFA enrolment required", nothing, false]]],
  NotOneself: [
    [
      new NotOneself(),
      [403, "not_oneself", "User ID does not match token ID. Access denied.", nothing, false],
    ],
  ],
  UserNotFound: [
    ...(["remove", "disable", "enable", "reset_mfa", "invite"] as const).map((kind) =>
      notFound(admin, kind, `User with ID ${admin} is not registered.`),
    ),
    notFound(admin, "see", `User with email: None or ID: ${admin} is not registered.`),
    notFound(alice, "see", `User with email: ${alice} or ID: None is not registered.`),
    notFound(admin, "set roles", `User with ID ${admin} not found`),
    notFound(admin, "see permissions", "The user does not exist or does not have a role assigned."),
  ],
  InvalidUserKey: [
    [
      new InvalidUserKey(),
      [400, "invalid_user_key", "Invalid user ID format. Must be a valid email or UUID.", nothing, false],
    ],
  ],
  UnknownCursor: [
    [new UnknownCursor(), [422, "invalid_request", "The request is not valid: cursor.", nothing, false]],
  ],
  OwnAccount: [
    [
      new OwnAccount({ kind: "remove" }),
      [409, "own_account", "You cannot delete your own account; another administrator can.", nothing, false],
    ],
    [
      new OwnAccount({ kind: "disable" }),
      [409, "own_account", "You cannot disable your own account; another administrator can.", nothing, false],
    ],
  ],
  LastManager: [
    [
      new LastManager({ doubtful: [] }),
      [409, "last_manager", "At least one user must keep the permission to manage users.", nothing, false],
    ],
    [
      new LastManager({ doubtful: [admin] }),
      [
        409,
        "last_manager",
        "At least one user must keep the permission to manage users. Nobody else who holds it can sign in.",
        nothing,
        false,
      ],
    ],
  ],
  PreconditionFailed: [
    [
      new PreconditionFailed(),
      [
        412,
        "precondition_failed",
        "The user has changed since you looked. Nothing was done; look at the user again.",
        nothing,
        false,
      ],
    ],
  ],
  Superseded: [
    [
      new Superseded(),
      [
        409,
        "superseded",
        "Somebody has changed this user while the request was under way. Nothing was done; look at the user again.",
        nothing,
        false,
      ],
    ],
  ],
  DatabaseRefused: [
    [
      new DatabaseRefused({ cause }),
      [
        500,
        "database_refused",
        "The database refuses what was asked of it. An operator finds the reason in the log.",
        nothing,
        false,
      ],
    ],
  ],

  OperationUndecodable: [
    [
      new OperationUndecodable({ operationId }),
      [
        500,
        "operation_undecodable",
        "An operation in the ledger that stands in the way cannot be read. An operator has to mend it.",
        nothing,
        false,
      ],
    ],
  ],

  LeaveNotPossible: [
    [
      new LeaveNotPossible({ operationId }),
      [
        409,
        "leave_not_possible",
        "The pool has ownership tags, and the tag decides whose user it is. Resolve it without leave.",
        nothing,
        false,
      ],
    ],
  ],

  InvitationNotNeeded: [
    [
      new InvitationNotNeeded({ status: "CONFIRMED" }),
      [
        409,
        "invitation_not_needed",
        "An invitation can be sent only to an enabled user who has not signed in yet; this one is CONFIRMED.",
        nothing,
        false,
      ],
    ],
  ],
  CloseNotPossible: [
    [
      new CloseNotPossible({ operationId, why: "in_progress" }),
      [
        409,
        "close_not_possible",
        "Its request may still be at work on it. Close it when that is over.",
        nothing,
        true,
        { "Retry-After": "20" },
      ],
    ],
    [
      new CloseNotPossible({ operationId, why: "grace_period" }),
      [
        409,
        "close_not_possible",
        "It is closed, but for its final check, which is not due yet. Close it when that is due.",
        nothing,
        true,
        { "Retry-After": "60" },
      ],
    ],
  ],
  ChangeRefused: [
    [
      new ChangeRefused({
        operationId,
        kind: "disable",
        edition: "2026-09",
        reason: "superseded",
        certain: false,
      }),
      [409, "change_refused", "Failed to update user", "unknown", false],
    ],
    [
      new ChangeRefused({ operationId, kind: "invite", edition: "2026-09", reason: "other", certain: true }),
      [409, "change_refused", "Failed to send the invitation", nothing, false],
    ],
    ...[
      { certain: true, outcome: "partly_done" },
      { certain: false, outcome: "unknown" },
    ].map(
      ({ certain, outcome }): Row => [
        new ChangeRefused({
          operationId,
          kind: "disable",
          edition: "2026-09",
          reason: "other",
          certain,
          updated: ["name"],
        }),
        [409, "change_refused", "Failed to update user", outcome as Outcome, false],
      ],
    ),
  ],
  ProfilesNotKept: [
    [
      new ProfilesNotKept(),
      [
        409,
        "profiles_not_kept",
        "This database has no table user_profile, so that name and organisation cannot be changed. Nothing was done.",
        nothing,
        false,
      ],
    ],
  ],
  SecondFactorElsewhere: [
    [
      new SecondFactorElsewhere(),
      [
        409,
        "second_factor_elsewhere",
        "The user signs in through another identity provider, which keeps their second factor.",
        nothing,
        false,
      ],
    ],
  ],
  ChangeTracked: [
    tracked(
      "remove",
      "Role grants revoked, but Cognito user deletion failed. The user can still authenticate with zero app authority — manual Cognito cleanup required.",
    ),
    tracked("disable", "Failed to update user"),
    tracked("enable", "Failed to update user"),
    tracked("reset_mfa", "Failed to reset user MFA"),
    tracked("invite", "Failed to send the invitation"),
  ],
  NotFound: [[new NotFound(), [404, "not_found", "Not Found", nothing, false]]],
  OperationNotFound: [
    [
      new OperationNotFound(),
      [404, "operation_not_found", "There is no operation with this id.", nothing, false],
    ],
  ],
  MethodNotAllowed: [
    [
      new MethodNotAllowed({ allow: ["GET", "POST"] }),
      [405, "method_not_allowed", "Method Not Allowed", nothing, false, { Allow: "GET, POST" }],
    ],
  ],
  UnsupportedMediaType: [
    [
      new UnsupportedMediaType(),
      [
        415,
        "unsupported_media_type",
        "The body must be JSON, sent as Content-Type: application/json.",
        nothing,
        false,
      ],
    ],
  ],
  BodyTooLarge: [
    [
      new BodyTooLarge(),
      [413, "body_too_large", "The body must not be larger than 65536 bytes.", nothing, false],
    ],
  ],
  MalformedBody: [
    [new MalformedBody(), [400, "malformed_body", "The body is not valid JSON in UTF-8.", nothing, false]],
  ],
  InvalidIfMatch: [
    [
      new InvalidIfMatch(),
      [
        400,
        "invalid_if_match",
        "The If-Match header must be * or a list of quoted entity tags.",
        nothing,
        false,
      ],
    ],
  ],
  InvalidIdempotencyKey: [
    [
      new InvalidIdempotencyKey(),
      [
        400,
        "invalid_idempotency_key",
        "The Idempotency-Key header must be one string of 1 to 255 printable ASCII characters.",
        nothing,
        false,
      ],
    ],
  ],
  InvalidRequest: [
    [
      new InvalidRequest({
        violations: [
          { type: "missing", loc: ["body", "email"], msg: "Field required" },
          { type: "uuid_parsing", loc: ["body", "roles", 0], msg: "no" },
          { type: "uuid_parsing", loc: ["body", "roles", 0], msg: "no" },
        ],
      }),
      [422, "invalid_request", "The request is not valid: email, roles.0.", nothing, false],
    ],
    [
      new InvalidRequest({
        violations: Array.from({ length: 12 }, (_, n) => ({
          type: "t",
          loc: ["body", "roles", n],
          msg: "m",
        })),
      }),
      [
        422,
        "invalid_request",
        `The request is not valid: ${Array.from({ length: 10 }, (_, n) => `roles.${n}`).join(", ")} and 2 more.`,
        nothing,
        false,
      ],
    ],
  ],
  UnknownRoles: [
    [
      new UnknownRoles({ roles: [adminRole, researcherRole] }),
      [400, "unknown_roles", `Invalid role(s): [${adminRole}, ${researcherRole}]`, nothing, false],
    ],
  ],
  UserExists: [
    [
      new UserExists({ operationId, email: alice }),
      [400, "user_exists", `User with email ${alice} already exists`, nothing, false],
    ],
    [
      new UserExists({ operationId, email: alice, replayed: true }),
      [400, "user_exists", `User with email ${alice} already exists`, nothing, false, replayed],
    ],
  ],
  IdempotencyKeyReused: [
    [
      new IdempotencyKeyReused({ operationId }),
      [
        422,
        "idempotency_key_reused",
        "This Idempotency-Key was used before, for another request.",
        nothing,
        false,
      ],
    ],
  ],
  RegistrationInProgress: [
    [
      new RegistrationInProgress({ operationId }),
      [
        409,
        "registration_in_progress",
        "A registration of this user is in progress. Please try again later.",
        nothing,
        true,
        { "Retry-After": "5" },
      ],
    ],
    [
      new RegistrationInProgress({ operationId, retryAfter: 1201 }),
      [
        409,
        "registration_in_progress",
        "A registration of this user is in progress. Please try again later.",
        nothing,
        true,
        { "Retry-After": "1201" },
      ],
    ],
  ],
  UserLost: [
    [
      new UserLost({ operationId }),
      [
        409,
        "user_removed",
        "The user of this Idempotency-Key was registered, and has been removed since.",
        nothing,
        false,
      ],
    ],
  ],
  CreateRefused: [
    [
      new CreateRefused({ operationId, why: "verdict", reason: "pool_rule", cause }),
      [500, "create_refused", "Failed to create user", nothing, false],
    ],
    [
      new CreateRefused({ operationId, why: "verdict", reason: "pool_rule", replayed: true }),
      [500, "create_refused", "Failed to create user", nothing, false, replayed],
    ],
    [
      new CreateRefused({ operationId, why: "configuration", reason: "credentials", cause }),
      [500, "create_refused", "Failed to create user", nothing, true],
    ],
  ],
  RegistrationRolledBack: [
    [
      new RegistrationRolledBack({ operationId, needsNewKey: true, cause }),
      [
        500,
        "registration_rolled_back",
        "Failed to register user. Another try needs a new Idempotency-Key.",
        "rolled_back",
        false,
      ],
    ],
    [
      new RegistrationRolledBack({
        operationId,
        user: { sub: admin, kind: "register_with_roles" },
        needsNewKey: true,
        cause,
      }),
      [
        500,
        "registration_rolled_back",
        `Failed to set user roles for user ${admin}. User has been deleted. Another try needs a new Idempotency-Key.`,
        "rolled_back",
        false,
      ],
    ],
    [
      new RegistrationRolledBack({ operationId, cause }),
      [500, "registration_rolled_back", "Failed to register user. Please try again.", "rolled_back", true],
    ],
    [
      new RegistrationRolledBack({ operationId, user: { sub: admin, kind: "register" }, cause }),
      [500, "registration_rolled_back", "Failed to register user. Please try again.", "rolled_back", true],
    ],
    [
      new RegistrationRolledBack({ operationId, user: { sub: admin, kind: "register_with_roles" }, cause }),
      [
        500,
        "registration_rolled_back",
        `Failed to set user roles for user ${admin}. User has been deleted.`,
        "rolled_back",
        true,
      ],
    ],
  ],
  CleanupRequired: [
    [
      new CleanupRequired({ operationId, needsNewKey: true, cause }),
      [
        500,
        "cleanup_required",
        "Failed to register user; rollback also failed. Manual cleanup of the Cognito user required. Another try needs a new Idempotency-Key.",
        "tracked",
        false,
      ],
    ],
    [
      new CleanupRequired({ operationId, cause }),
      [
        500,
        "cleanup_required",
        "Failed to register user; rollback also failed. Manual cleanup of the Cognito user required.",
        "tracked",
        true,
      ],
    ],
    [
      new CleanupRequired({ operationId, user: { sub: admin, kind: "register_with_roles" }, cause }),
      [
        500,
        "cleanup_required",
        `Failed to set user roles for user ${admin}; rollback also failed (the user could not be deleted). Manual cleanup required.`,
        "tracked",
        true,
      ],
    ],
  ],
  Unavailable: [
    [
      new Unavailable({ dependency: "database", operationId, inDoubt: true, cause }),
      [
        503,
        "database_unavailable",
        "The database did not answer, and whether the change was made is not known. Look at the user before you try again.",
        "unknown",
        true,
        { "Retry-After": "5" },
      ],
    ],
    [
      new Unavailable({ dependency: "database", cause }),
      [
        503,
        "database_unavailable",
        `The database cannot be reached ${later}`,
        nothing,
        true,
        { "Retry-After": "5" },
      ],
    ],
    [
      new Unavailable({ dependency: "identity provider", cause }),
      [
        503,
        "identity_provider_unavailable",
        `The identity provider cannot be reached ${later}`,
        nothing,
        true,
        { "Retry-After": "10" },
      ],
    ],
    [
      new Unavailable({ dependency: "user lookup", edition: "2026-05", cause }),
      [
        503,
        "identity_provider_unavailable",
        "Could not verify user existence in Cognito; please try again.",
        nothing,
        true,
        { "Retry-After": "10" },
      ],
    ],
    [
      new Unavailable({ dependency: "user lookup", edition: "2026-09", cause }),
      [
        503,
        "identity_provider_unavailable",
        "Could not verify user existence with the identity provider; please try again.",
        nothing,
        true,
        { "Retry-After": "10" },
      ],
    ],
    [
      new Unavailable({ dependency: "database", operationId, cause }),
      [
        503,
        "database_unavailable",
        `The database cannot be reached ${later}`,
        "tracked",
        true,
        { "Retry-After": "5" },
      ],
    ],
  ],
};

const OWN = ["retry-after", "www-authenticate", "allow", "idempotency-replayed"];

describe("the answer to", () => {
  for (const [tag, ofTag] of Object.entries(rows)) {
    it.each([...ofTag])(`${tag} (%#)`, async (error, [status, code, detail, outcome, retryable, headers]) => {
      const response = problemResponse(toProblem(error), asked);
      const text = await response.text();
      const body = JSON.parse(text) as Record<string, unknown>;
      assert.strictEqual(response.status, status);
      assert.deepInclude(body, { status, code, detail, outcome, retryable, requestId: "request-1" });
      assert.strictEqual(response.headers.get("Content-Type"), "application/problem+json");
      const own = Object.fromEntries([...response.headers].filter(([name]) => OWN.includes(name)));
      const wanted = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
      assert.deepStrictEqual(own, Object.fromEntries(wanted));
      const named = "operationId" in error && error.operationId !== undefined;
      assert.strictEqual(body.operationId, named ? operationId : undefined);
      const instance = named ? `/api/operations/${operationId}` : "urn:registrar:request:request-1";
      assert.strictEqual(body.instance, instance);
      const refused = error._tag === "CreateRefused" || error._tag === "ChangeRefused";
      assert.strictEqual(body.reason, refused ? error.reason : undefined);
      assert.strictEqual(body.type, `urn:registrar:problem:${code.replaceAll("_", "-")}`);
      assert.notInclude(text, "a stack that nobody may see");
    });
  }

  it.each(["tracked", "nothing_created"] as const)("a bug says nothing but %s", async (outcome) => {
    const body = (await problemResponse(internalProblem(outcome), asked).json()) as Record<string, unknown>;
    assert.deepInclude(body, { status: 500, code: "internal_error", detail: "Internal server error" });
    assert.deepInclude(body, { outcome, retryable: false });
  });

  it("names the page of its problem where the deployment has an address", async () => {
    const publicUrl = "https://registrar.hospital.test";
    const response = problemResponse(toProblem(new UserLost({ operationId })), { ...asked, publicUrl });
    const { type } = (await response.json()) as { type: string };
    assert.strictEqual(type, "https://registrar.hospital.test/problems/user-removed");
  });

  it("a body with bad fields lists every one under FLIP's names", async () => {
    const violations = [{ type: "missing", loc: ["body", "email"], msg: "Field required" }];
    const response = problemResponse(toProblem(new InvalidRequest({ violations })), asked);
    const body = (await response.json()) as Record<string, unknown>;
    assert.deepInclude(body, { errors: violations });
  });
});
