/**
 * A route as a value. The application, the 405s, the OpenAPI document and the tests that call every operation are made
 * from the list of these (routes/all.ts).
 *
 * A failure that the program can have and the route does not declare does not compile; neither does one that is
 * declared and cannot happen.
 */
import type * as Effect from "effect/Effect";
import type * as Schema from "effect/Schema";
import type { IfMatch } from "../domain/user.ts";
import type { Access } from "../ports/access.ts";
import type { AuditTrail } from "../ports/audit-trail.ts";
import type { Changes } from "../ports/changes.ts";
import type { Directory } from "../ports/directory.ts";
import type { IdentityProvider } from "../ports/identity-provider.ts";
import type { Ledger } from "../ports/ledger.ts";
import type { Settings } from "../ports/settings.ts";
import type { Status } from "../ports/status.ts";
import type { Caller, TokenVerifier } from "../ports/token-verifier.ts";
import type { Code, CodeOf, HttpError, Tag } from "./problems.ts";

/** What the programs of routes are run with. */
export type Services =
  | Access
  | AuditTrail
  | Changes
  | Directory
  | IdentityProvider
  | Ledger
  | Settings
  | Status
  | TokenVerifier;

/** A schema of JSON. What is described is its encoded side: what travels. */
export type Json = Schema.Codec<unknown, unknown>;

/** Parameters of a path or of a query, by name. Their encoded side is text. */
export type Parameters = Schema.Struct<Schema.Struct.Fields> & Schema.Codec<unknown, unknown>;

/** One answer of a route. */
export interface Answer {
  /** What the caller knows when this answer arrives. */
  readonly means: string;
  readonly body: Json;
  /** The media type of a body that is text, and no JSON. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, Json>>;
  /** Other media types in which the same can be had, with what each holds. */
  readonly also?: Readonly<Record<string, string>>;
}

/**
 * What a caller needs: nothing; a token whose holder may lack the second factor that the deployment demands; a token;
 * a token whose holder has the permission to manage users (which the program checks in its own statement); the same, or
 * the deployment's METRICS_TOKEN, with which nobody calls.
 */
export type Needs = "nothing" | "identity" | "token" | "CAN_MANAGE_USERS" | "METRICS_TOKEN";

/** A failure: its tag, or its tag with those of its codes that this route can answer with. */
export type Failure = Tag | readonly [Tag, ...ReadonlyArray<Code>];

type TagOf<F extends Failure> = F extends Tag
  ? F
  : F extends readonly [infer T extends Tag, ...unknown[]]
    ? T
    : never;

type KnownCodes<F extends ReadonlyArray<Failure>> = {
  readonly [I in keyof F]: F[I] extends readonly [infer T extends Tag, ...infer C]
    ? C[number] extends CodeOf<T>
      ? F[I]
      : never
    : F[I];
};

/** What is said of a route. */
export interface Declaration {
  /** The operation's name in the document. */
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** A path template as in OpenAPI: `/api/users/{user_id}`. */
  readonly path: `/api${string}`;
  /** The chapter of the document. */
  readonly area: "Registration" | "Users" | "Operations" | "Audit" | "Service";
  /** One sentence: what it does. */
  readonly summary: string;
  /** More, for whoever writes a client. */
  readonly details?: string;
  readonly needs: Needs;
  /** Takes an Idempotency-Key header. */
  readonly idempotent?: true;
  /** Takes an If-Match header with the user's entity tag. */
  readonly conditional?: true;
  readonly params?: Parameters;
  readonly query?: Parameters;
  /** Parameters of the query that say something without a value; the others then count as absent. */
  readonly meaningfulWhenEmpty?: ReadonlyArray<string>;
  readonly body?: Json;
  /** The body may be left out: then it is read as an empty object. */
  readonly bodyOptional?: true;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly fails: ReadonlyArray<Failure>;
}

type Decoded<S> = S extends Json ? S["Type"] : undefined;

type CallerOf<N extends Needs> = N extends "nothing"
  ? undefined
  : N extends "METRICS_TOKEN"
    ? Caller | undefined
    : Caller;

/** What a route's program is given: everything is decoded. */
export interface Input<D extends Declaration> {
  readonly params: Decoded<D["params"]>;
  readonly query: Decoded<D["query"]>;
  readonly body: Decoded<D["body"]>;
  readonly caller: CallerOf<D["needs"]>;
  readonly idempotencyKey: string | null;
  /** What the If-Match header names; nothing where there is none. */
  readonly ifMatch: { readonly ifMatch?: IfMatch };
  /** The Accept header, for routes that answer in several media types. */
  readonly accept: string;
}

/** A body that is written page by page, as its reader takes it. */
export interface Pages<Item = unknown, Cursor = unknown> {
  readonly type: string;
  /** What comes before the pages. */
  readonly head: string;
  readonly first: Page<Item, Cursor>;
  readonly rest: (cursor: Cursor) => Effect.Effect<Page<Item, Cursor>, HttpError, Services>;
  readonly write: (item: Item) => string;
}

/** One page of it; `next` is null on the last. */
export interface Page<Item, Cursor> {
  readonly entries: ReadonlyArray<Item>;
  readonly next: Cursor | null;
}

type Headers = { readonly headers?: Readonly<Record<string, string>> };

/** What a program answers: one of the declared statuses with its body, or the same in pages. */
export type Answered<D extends Declaration> = {
  [S in keyof D["answers"] & number]:
    | ({ readonly status: S; readonly body: D["answers"][S]["body"]["Encoded"] } & Headers)
    | (D["answers"][S] extends { readonly also: object }
        ? { readonly status: S; readonly pages: Pages } & Headers
        : never);
}[keyof D["answers"] & number];

type Failed<D extends Declaration> = Extract<HttpError, { readonly _tag: TagOf<D["fails"][number]> }>;

/** Nothing, where every declared failure is possible; else a type that no program has, which names the others. */
type Exactly<D extends Declaration, E extends { readonly _tag: string }> =
  Exclude<TagOf<D["fails"][number]>, E["_tag"]> extends never
    ? unknown
    : { readonly declaredButImpossible: Exclude<TagOf<D["fails"][number]>, E["_tag"]> };

/** Declares a route with the program that answers it. */
export const route = <const D extends Declaration, E extends Failed<D>>(
  declaration: D & { readonly fails: KnownCodes<D["fails"]> },
  program: ((input: Input<D>) => Effect.Effect<Answered<D>, E, Services>) & Exactly<D, E>,
): Route => ({ ...declaration, program: program as unknown as Route["program"] });

/** A route of the list. */
export interface Route extends Declaration {
  readonly program: (
    input: Input<Declaration>,
  ) => Effect.Effect<Answer200 | AnswerPages, HttpError, Services>;
}

interface Answer200 extends Headers {
  readonly status: number;
  readonly body: unknown;
}

interface AnswerPages extends Headers {
  readonly status: number;
  readonly pages: Pages;
}
