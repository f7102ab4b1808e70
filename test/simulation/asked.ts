/** What administrators have asked for of one kind, such as roles, and what they heard of it. */

/** What a caller knows: it is set; it is not; `nothing`: there was no answer, or no certain one. */
export type Hearing = "set" | "not set" | "nothing";

/** One value that was asked for: when its caller asked, and when they heard, or gave up. */
interface Asked {
  readonly user: string;
  readonly value: string;
  readonly from: number;
  until: number;
  heard: Hearing;
}

export class AskedValues {
  readonly #asked = new Map<string, Asked>();

  asks(agent: string, user: string, value: string, from: number): void {
    this.#asked.set(agent, { user, value, from, until: Number.POSITIVE_INFINITY, heard: "nothing" });
  }

  /** What the caller hears, or that they hear nothing any more. */
  hears(agent: string, heard: Hearing, now: number): void {
    const asked = this.#asked.get(agent);
    if (asked === undefined || asked.until < Number.POSITIVE_INFINITY) return;
    asked.until = now;
    asked.heard = heard;
  }

  get users(): ReadonlySet<string> {
    return new Set([...this.#asked.values()].map(({ user }) => user));
  }

  /**
   * Whether the value that a user has in the end was asked for: by one who heard that it is set, or who heard nothing
   * certain; and nobody who asked only after that had come to its end was told that theirs is set. Or nobody was told
   * so, and the user has what their registration has given them.
   */
  explain(user: string, held: string, given: string): boolean {
    const asked = [...this.#asked.values()].filter((one) => one.user === user);
    const set = asked.filter(({ heard }) => heard === "set");
    const explained = asked.some(
      ({ value, heard, until }) =>
        heard !== "not set" && value === held && !set.some(({ from }) => from > until),
    );
    return explained || (set.length === 0 && given === held);
  }
}
