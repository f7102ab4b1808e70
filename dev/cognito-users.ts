/**
 * Where the local Cognito keeps its users: in memory, found by username, sub or e-mail without a scan.
 * cognito-local's own store writes its whole file at every change and scans all users at every look-up, which makes
 * a thousand users slow and a bench of the Worker a bench of the emulator. The e-mail index is case-sensitive, as the pool is.
 */
import type { Context } from "cognito-local/lib/services/context.js";
import type { DataStore } from "cognito-local/lib/services/dataStore/dataStore.js";
import type { User } from "cognito-local/lib/services/userPoolService.js";

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

/** cognito-local's `DataStore` without a disk. */
export class MemoryStore implements DataStore {
  readonly #root: Tree;
  readonly #byEmail = new Map<string, string>();

  constructor(defaults: object) {
    this.#root = structuredClone(defaults) as Tree;
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
    if (parents[0] === "Users" && user !== undefined)
      this.#byEmail.delete(attribute(user as User, "email") ?? "");
    if (typeof parent === "object" && parent !== null) delete (parent as Tree)[last];
  }

  /** In a pool whose usernames are e-mails, the username is the sub; so these two keys find every user. */
  find(name: string): User | null {
    const users = this.#root.Users as Record<string, User>;
    return users[name] ?? users[this.#byEmail.get(name) ?? ""] ?? null;
  }

  all(): User[] {
    return Object.values(this.#root.Users as Record<string, User>);
  }

  #index(user: User): void {
    const email = attribute(user, "email");
    if (email !== undefined) this.#byEmail.set(email, user.Username);
  }
}
