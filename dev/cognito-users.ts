/**
 * Where the local Cognito keeps its users: in memory, found by username, sub or e-mail without a scan.
 * cognito-local's own store writes its whole file at every change and scans all users at every look-up, which makes
 * a thousand users slow and a bench of the Worker a bench of the emulator. Which names find a user is the pool's kind.
 */
import type { Context } from "cognito-local/lib/services/context.js";
import type { DataStore } from "cognito-local/lib/services/dataStore/dataStore.js";
import type { User } from "cognito-local/lib/services/userPoolService.js";
import type { PoolTraits } from "./pool-kinds.ts";

const silent = { debug() {}, error() {}, info() {}, warn() {}, child: () => silent };

/** What cognito-local wants with every call; it logs nothing. */
export const context: Context = { logger: silent as never };

type Tree = Record<string, unknown>;

const within = (tree: unknown, key: string): unknown =>
  typeof tree === "object" && tree !== null ? (tree as Tree)[key] : undefined;

/** The value of one attribute of a user. */
export function attribute(
  user: { readonly Attributes: User["Attributes"] },
  name: string,
): string | undefined {
  return user.Attributes.find((one) => one.Name === name)?.Value;
}

/** Whether the user comes from another identity provider: no name but their user name finds them. */
export const isFederated = ({ UserStatus }: Pick<User, "UserStatus">) => UserStatus === "EXTERNAL_PROVIDER";

/** cognito-local's `DataStore` without a disk. */
export class MemoryStore implements DataStore {
  readonly #root: Tree;
  readonly #traits: Pick<PoolTraits, "signIn" | "caseSensitive">;
  readonly #byName = new Map<string, string>();
  readonly #byEmail = new Map<string, string>();
  readonly #bySub = new Map<string, string>();

  constructor(defaults: object, traits: Pick<PoolTraits, "signIn" | "caseSensitive">) {
    this.#root = structuredClone(defaults) as Tree;
    this.#traits = traits;
  }

  async getRoot<T>(_: Context): Promise<T | null> {
    return this.#root as T;
  }

  async get<T>(_: Context, key: string | string[], fallback?: T): Promise<T> {
    const found = [key].flat().reduce<unknown>(within, this.#root);
    return (found ?? fallback ?? null) as T;
  }

  async set<T>(_: Context, key: string | string[], value: T): Promise<void> {
    const [last = "", ...parents] = [key].flat().reverse();
    const parent = parents.reduceRight<Tree>((tree, name) => {
      tree[name] ??= {};
      return tree[name] as Tree;
    }, this.#root);
    parent[last] = value;
    if (parents[0] === "Users") this.#index(value as User);
  }

  async delete(_: Context, key: string | string[]): Promise<void> {
    const [last = "", ...parents] = [key].flat().reverse();
    const parent = parents.reduceRight<unknown>(within, this.#root);
    const user = within(parent, last);
    if (parents[0] === "Users" && user !== undefined) this.#forget(user as User);
    if (typeof parent === "object" && parent !== null) delete (parent as Tree)[last];
  }

  /** Whom a name finds: the user name first, then an address where the pool takes one, then the `sub`. */
  find(name: string): User | null {
    const folded = this.#fold(name);
    const byEmail = this.#traits.signIn === "plain" ? undefined : this.#byEmail.get(folded);
    const named = this.#user(this.#byName.get(folded) ?? byEmail);
    if (named !== null) return named;
    const known = this.bySub(name);
    return known === null || isFederated(known) ? null : known;
  }

  /** The user with this `sub`, whom Cognito itself need not find by it. */
  bySub(sub: string): User | null {
    return this.#user(this.#bySub.get(sub));
  }

  #user(username: string | undefined): User | null {
    return username === undefined ? null : ((this.#root.Users as Record<string, User>)[username] ?? null);
  }

  all(): User[] {
    return Object.values(this.#root.Users as Record<string, User>);
  }

  #fold(name: string): string {
    return this.#traits.caseSensitive ? name : name.toLowerCase();
  }

  #names(user: User): ReadonlyArray<readonly [Map<string, string>, string]> {
    const own = [
      [this.#byName, this.#fold(user.Username)],
      [this.#bySub, attribute(user, "sub") ?? ""],
    ] as const;
    const isAlias = this.#traits.signIn !== "alias" || attribute(user, "email_verified") === "true";
    return isFederated(user) || !isAlias
      ? own
      : [...own, [this.#byEmail, this.#fold(attribute(user, "email") ?? "")]];
  }

  #index(user: User): void {
    for (const [index, name] of this.#names(user)) if (name !== "") index.set(name, user.Username);
  }

  #forget(user: User): void {
    for (const [index, name] of this.#names(user)) if (index.get(name) === user.Username) index.delete(name);
  }
}
