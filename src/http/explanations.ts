/**
 * What each problem means, for people: what the OpenAPI document says of it, and what its page explains
 * (`npm run pages`). No answer of the service is made from this, so that it is in no bundle.
 */
import type { Outcome } from "./problem.ts";
import type { Code } from "./problems.ts";

/** What is in one store: how sure that is, in the words of the design tokens, and what it is. */
interface Left {
  readonly state: "done" | "tracked" | "doubt" | "failed" | "neutral";
  readonly words: string;
}

/** What is in each store after an answer with this `outcome`. */
export interface Case {
  readonly outcome: Outcome;
  readonly cognito: Left;
  readonly postgres: Left;
}

/**
 * Whether the same request may be sent again, unchanged and with the same key. `retryable` of the answers agrees: it is
 * true with `now` and `later`, false with `never` and `changed`, and either with `asked`.
 */
export interface Repeat {
  readonly when: "now" | "later" | "asked" | "changed" | "never";
  readonly words: string;
}

/** One problem. */
export interface Explanation {
  /** What happened. */
  readonly means: string;
  readonly left: readonly [Case, ...ReadonlyArray<Case>];
  /** What the caller does next. */
  readonly todo: string;
  readonly repeat: Repeat;
}

const neutral = (words: string): Left => ({ state: "neutral", words });
const done = (words: string): Left => ({ state: "done", words });
const tracked = (words: string): Left => ({ state: "tracked", words });
const doubt = (words: string): Left => ({ state: "doubt", words });

/** The request was refused before either store was asked to change anything. */
const NOTHING: Case = {
  outcome: "nothing_created",
  cognito: neutral("Nothing of this request."),
  postgres: neutral("Nothing of this request."),
};

const UNCHANGED: Case = {
  outcome: "nothing_created",
  cognito: neutral("The user as they were."),
  postgres: neutral("The user’s roles and profile as they were."),
};

const PARTLY: Case = {
  outcome: "partly_done",
  cognito: neutral("Nothing of this request."),
  postgres: done("What `updated` names is written to the profile. Nothing else is changed."),
};

const changed = (words: string): Repeat => ({ when: "changed", words });
const never = (words: string): Repeat => ({ when: "never", words });
const later: Repeat = { when: "later", words: "After `Retry-After` seconds, with the same key." };

const CORRECT = changed("Correct the request, and send it again.");
const LOOK_AGAIN = changed("Look at the user first: what you have seen is not so any more.");
const LOOKED_AT = never("The answer stays the same until something else has changed.");

/** A change that is written down, and waits for Cognito. */
const trackedChange = (means: string, cognito: string, postgres: string): Explanation => ({
  means,
  left: [{ outcome: "tracked", cognito: doubt(cognito), postgres: tracked(postgres) }],
  todo: "Wait: the sweeper repeats the call until Cognito has answered. `GET /api/operations/{operationId}` says how far it is.",
  repeat: {
    when: "now",
    words: "There is no need to: a repeat joins the operation that is open, and starts no second one.",
  },
});

const OPEN = "The audit row, and the operation, which stays open.";

/** A store that does not answer: before anything, with an operation open, or in the middle of a change. */
const silent = (means: string): Explanation => ({
  means,
  left: [
    NOTHING,
    {
      outcome: "tracked",
      cognito: doubt("Perhaps what was asked for."),
      postgres: tracked("The operation, open until the sweeper has resolved it."),
    },
    {
      outcome: "unknown",
      cognito: doubt("Perhaps what was asked for, now or in the next seconds."),
      postgres: doubt("Perhaps the change and its audit row, now or in the next seconds."),
    },
  ],
  todo: "Wait `Retry-After` seconds. Where `outcome` is `unknown`, look first whether it has been done: at the user, or by `operationId`, where there is one.",
  repeat: {
    when: "later",
    words:
      "After `Retry-After` seconds, with the same key. Where `outcome` is `unknown`, look before you repeat.",
  },
});

/** Every problem, by its code. */
export const EXPLANATIONS: Readonly<Record<Code, Explanation>> = {
  malformed_body: {
    means: "The body is not JSON in UTF-8.",
    left: [NOTHING],
    todo: "Send valid JSON (RFC 8259).",
    repeat: CORRECT,
  },
  invalid_idempotency_key: {
    means: "The Idempotency-Key header is not one string of 1 to 255 printable ASCII characters.",
    left: [NOTHING],
    todo: "Send one quoted string, for example a UUID.",
    repeat: CORRECT,
  },
  invalid_if_match: {
    means: "The If-Match header is neither `*` nor a list of quoted entity tags.",
    left: [NOTHING],
    todo: "Send the ETag of an answer as it came, with its quotes.",
    repeat: CORRECT,
  },
  invalid_user_key: {
    means: "The path names neither an e-mail address nor an id.",
    left: [NOTHING],
    todo: "Ask with an address or with the user's id.",
    repeat: CORRECT,
  },
  unknown_roles: {
    means: "The request names roles that do not exist. `detail` lists them.",
    left: [NOTHING],
    todo: "Choose roles that GET /api/roles lists.",
    repeat: CORRECT,
  },
  user_exists: {
    means:
      "The address already has a user, perhaps in another spelling, whom this request did not create. `userId` names them, where known: a replay does not.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("The user who was there before, untouched."),
        postgres: neutral("The operation, closed. No audit row says that anybody was registered."),
      },
    ],
    todo: "Look the user up by the address. Invite them again, or choose another address.",
    repeat: never("With the same key it hears the same answer, whatever happens to the user meanwhile."),
  },
  not_authenticated: {
    means: "The request has no bearer token.",
    left: [NOTHING],
    todo: "Sign in, and send the access token in the Authorization header.",
    repeat: changed("Send it with a token."),
  },
  invalid_token: {
    means:
      "The token is expired, not signed by the pool, or not meant for this service; or its user was removed.",
    left: [NOTHING],
    todo: "Sign in again.",
    repeat: changed("Send it with a fresh token, and the same key."),
  },
  forbidden: {
    means: "The caller does not hold the permission CAN_MANAGE_USERS.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("Nothing of this request."),
        postgres: done("No change. The refusal is in the audit trail."),
      },
    ],
    todo: "Ask an administrator for a role that holds the permission.",
    repeat: never("It is refused until the caller has been given such a role."),
  },
  mfa_required: {
    means: "This deployment wants a second factor, and the caller has none.",
    left: [NOTHING],
    todo: "Enrol a time-based one-time password, then repeat the request.",
    repeat: never("It is refused until the caller has enrolled. After that the same request is heard."),
  },
  not_oneself: {
    means: "Permissions are shown to their holder only.",
    left: [NOTHING],
    todo: "Ask with the id of the token's own user.",
    repeat: CORRECT,
  },
  not_found: {
    means: "There is no such path.",
    left: [NOTHING],
    todo: "Compare the path with the OpenAPI document.",
    repeat: CORRECT,
  },
  operation_not_found: {
    means: "The ledger has no operation with this id.",
    left: [NOTHING],
    todo: "Compare the id with the Operation-Id header or the operationId of the problem that named it.",
    repeat: CORRECT,
  },
  user_not_found: {
    means: "The pool has no such user.",
    left: [NOTHING, PARTLY],
    todo: "Look the user up by address, or in the list.",
    repeat: LOOKED_AT,
  },
  method_not_allowed: {
    means: "The path does not know this method. The Allow header lists those that it knows.",
    left: [NOTHING],
    todo: "Use a method that Allow lists.",
    repeat: CORRECT,
  },
  registration_in_progress: {
    means: "Another registration of this user is open.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("Nothing of this request."),
        postgres: tracked("The other registration, which `operationId` names, still open."),
      },
    ],
    todo: "Wait for Retry-After seconds, then repeat the request with the same key.",
    repeat: later,
  },
  user_removed: {
    means: "The user whom this idempotency key registered has been removed since, or is being removed.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("No user of this key, or one who is being removed."),
        postgres: neutral("The registration of then, and its audit rows."),
      },
    ],
    todo: "Register the user again with a new key, if that is wanted.",
    repeat: never("This key never registers anybody again. With a new key it is a new request."),
  },
  own_account: {
    means: "Administrators cannot delete or disable their own account.",
    left: [UNCHANGED],
    todo: "Ask another administrator.",
    repeat: never("Another administrator has to ask."),
  },
  last_manager: {
    means:
      "Nobody who can come in would hold the permission to manage users any more. `userIds` are others who hold it, and are not in the pool, are disabled, or have never signed in.",
    left: [UNCHANGED],
    todo: "Give another user a role that manages users first. Delete those of `userIds` who are gone.",
    repeat: never("It is refused until somebody else who can come in holds the permission."),
  },
  superseded: {
    means:
      "The opposite, or another value of the same field, was asked for later, and is written down already.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("What the later request makes of it."),
        postgres: neutral("The later change, and nothing of this request."),
      },
    ],
    todo: "Look at the user again, and decide anew.",
    repeat: LOOK_AGAIN,
  },
  invitation_not_needed: {
    means:
      "The user can sign in already, does so through another identity provider, or is disabled: an invitation would be refused.",
    left: [UNCHANGED],
    todo: "Enable the user, or let them sign in, with “forgot password” where they have one.",
    repeat: LOOKED_AT,
  },
  profiles_not_kept: {
    means: "The database has no table user_profile: it keeps neither a user's name nor their organisation.",
    left: [UNCHANGED],
    todo: "Leave `name` and `organisation` out; FLIP's migrations of September 2026 make the table.",
    repeat: changed("Leave the two fields out."),
  },
  change_refused: {
    means: "The change has ended without its effect. `reason` says why. Nobody tries it again.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("The user as they were."),
        postgres: neutral(
          "The audit row, and a second one that says that it was not done. A deletion has revoked the grants.",
        ),
      },
      {
        outcome: "partly_done",
        cognito: neutral("The user as they were."),
        postgres: done(
          "What `updated` names is written to the profile. The rest is closed, and was not done.",
        ),
      },
      {
        outcome: "unknown",
        cognito: doubt("Perhaps the change: an earlier try may have been taken."),
        postgres: neutral("The audit row, and a second one that says that nobody knows."),
      },
    ],
    todo: "Mend what `reason` names. A repeat of the request is a new change.",
    repeat: changed("Mend what `reason` names first: then it is a new change."),
  },
  close_not_possible: {
    means: "The operation's request may still be at work on it, or its final check is not due yet.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("Nothing of this request."),
        postgres: tracked("The operation, as open as it was."),
      },
    ],
    todo: "Wait for Retry-After seconds, or until `next.at` of the operation, and close it then.",
    repeat: later,
  },
  second_factor_elsewhere: {
    means: "The user signs in through another identity provider, which keeps their second factor.",
    left: [UNCHANGED],
    todo: "Reset the second factor at the user's identity provider.",
    repeat: never("There is none here to reset."),
  },
  leave_not_possible: {
    means: "The pool has ownership tags, and the tag decides whose user it is.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("Nothing of this request."),
        postgres: tracked("The operation, as open as it was."),
      },
    ],
    todo: "Resolve the operation without leave.",
    repeat: changed("Leave `leave` out."),
  },
  precondition_failed: {
    means: "The user has changed since: none of the entity tags in If-Match is theirs any more.",
    left: [UNCHANGED],
    todo: "Look at the user again, and decide anew.",
    repeat: LOOK_AGAIN,
  },
  body_too_large: {
    means: "The body is larger than 65,536 bytes.",
    left: [NOTHING],
    todo: "Send less.",
    repeat: CORRECT,
  },
  unsupported_media_type: {
    means: "The body is not sent as JSON.",
    left: [NOTHING],
    todo: "Send Content-Type: application/json.",
    repeat: CORRECT,
  },
  invalid_request: {
    means: "A parameter or a field is wrong. `errors` names each one.",
    left: [NOTHING],
    todo: "Correct what `errors` names.",
    repeat: CORRECT,
  },
  idempotency_key_reused: {
    means: "The idempotency key was used before, for another request.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("Nothing of this request."),
        postgres: neutral("The other request’s operation, which `operationId` names, as it was."),
      },
    ],
    todo: "Use a new key for a new request.",
    repeat: changed("Send it with a new key."),
  },
  too_many_requests: {
    means:
      "The caller, or the network that the request comes from, asks more often than this deployment lets anybody.",
    left: [NOTHING],
    todo: "Ask less often. Repeat the request after Retry-After seconds.",
    repeat: later,
  },
  create_refused: {
    means: "Cognito refused to create the user.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("No user of this request."),
        postgres: neutral("The operation, closed. No audit row says that anybody was registered."),
      },
    ],
    todo: "An operator finds Cognito's reason in the log, under the requestId.",
    repeat: {
      when: "asked",
      words:
        "Where `retryable` is true: when an operator has mended the deployment. Otherwise the same answer is heard again.",
    },
  },
  registration_rolled_back: {
    means: "The registration could not be committed, and its user was deleted again.",
    left: [
      {
        outcome: "rolled_back",
        cognito: neutral("No user: the one whom this request had created was deleted again."),
        postgres: neutral("The operation, closed. The audit trail says that it was rolled back."),
      },
    ],
    todo: "Repeat the request; with a new key where `retryable` is false.",
    repeat: {
      when: "asked",
      words: "At once: with the same key where `retryable` is true, with a new one where it is false.",
    },
  },
  cleanup_required: {
    means: "The registration failed, and its user may be left over in Cognito.",
    left: [
      {
        outcome: "tracked",
        cognito: doubt("Perhaps a user, whom nobody has been told of."),
        postgres: tracked(
          "The operation, open until the sweeper has resolved it. No audit row of a registration.",
        ),
      },
    ],
    todo: "Wait: the sweeper resolves it. GET /api/operations/{operationId} says how far it is. Where `retryable` is false, another try needs a new key.",
    repeat: {
      when: "asked",
      words:
        "When the operation is closed: with the same key where `retryable` is true, with a new one where it is false. Before that it hears 409.",
    },
  },
  remove_tracked: trackedChange(
    "The user's grants are revoked, and Cognito has not answered the deletion yet.",
    "Perhaps the user still, who can do nothing here any more.",
    "No grants. The audit row, and the operation, which stays open.",
  ),
  disable_tracked: trackedChange(
    "The user is to be disabled, and Cognito has not answered yet.",
    "The user, disabled or not yet.",
    OPEN,
  ),
  enable_tracked: trackedChange(
    "The user is to be enabled, and Cognito has not answered yet.",
    "The user, enabled or not yet.",
    OPEN,
  ),
  reset_mfa_tracked: trackedChange(
    "The second factor is to be reset, and Cognito has not answered yet.",
    "The user, with their second factor or without it.",
    OPEN,
  ),
  invite_tracked: trackedChange(
    "The invitation is to be sent, and Cognito has not answered yet.",
    "The user. Whether the invitation is sent is not known yet.",
    OPEN,
  ),
  operation_undecodable: {
    means: "The ledger's row of an operation cannot be read, and stands in the way of what was asked for.",
    left: [
      {
        outcome: "nothing_created",
        cognito: neutral("Nothing of this request."),
        postgres: { state: "failed", words: "The row that cannot be read, as it was." },
      },
    ],
    todo: "An operator mends the row: GET /api/operations/{operationId} names the fields.",
    repeat: never("It hears the same until the row is mended."),
  },
  database_refused: {
    means:
      "Postgres refuses a statement, and will again: a table or a right is missing, or a rule of its own forbids it.",
    left: [NOTHING],
    todo: "An operator finds the SQLSTATE in the log. `npm run migrate` makes what is missing.",
    repeat: never("It hears the same until the database is mended."),
  },
  internal_error: {
    means: "The service met a defect of its own, or the deployment is misconfigured.",
    left: [
      NOTHING,
      {
        outcome: "unknown",
        cognito: doubt("Perhaps what was asked for."),
        postgres: doubt("Perhaps an operation, which the sweeper then resolves."),
      },
    ],
    todo: "Give the requestId to an operator; the log has the cause.",
    repeat: never(
      "Not before an operator has found the cause. Where `outcome` is `unknown`, look what has been done.",
    ),
  },
  database_unavailable: silent("The database does not answer."),
  identity_provider_unavailable: silent("Cognito does not answer, or asks to slow down."),
  signing_keys_unavailable: {
    means: "The pool's signing keys cannot be read, so no token can be verified.",
    left: [NOTHING],
    todo: "Repeat the request after Retry-After seconds.",
    repeat: later,
  },
};
