/**
 * Who is signed in. The token lives in this variable, and nowhere else: a page that is left or loaded anew has none, and
 * the pool's login gives another without asking, as long as it remembers the person.
 *
 * A token that ends in the middle of something is renewed in a window of its own, so that this page, with all that was
 * typed into it, stays as it is.
 */
import {
  addressFor,
  beginJourney,
  home,
  type Journey,
  login,
  redeem,
  signOutAddress,
  type Tokens,
} from "./login.ts";
import { makeStore } from "./store.ts";

export interface Session {
  /** The id of whoever is signed in. */
  readonly sub: string;
  /** When the token ends, on this machine's clock, in milliseconds. */
  readonly endsAt: number;
}

/** Undefined: nobody is signed in. */
export const session = makeStore<Session | undefined>(undefined);

/** Whether somebody has to sign in anew before the page can go on. `blocked`: the browser has opened no window. */
export const renewal = makeStore<"no" | "wanted" | "waiting" | "blocked" | "failed">("no");

let secret = "";
export const token = (): string => secret;

/** What tabs of this page tell each other: the end of a sign-in, and that somebody has signed out. */
type Told =
  | { readonly is: "code"; readonly state: string; readonly code: string }
  | { readonly is: "signed out"; readonly sub: string };
const channel = new BroadcastChannel("registrar console");
const tell = (told: Told) => channel.postMessage(told);

const subjectOf = (jwt: string): string => {
  const payload = (jwt.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return String((JSON.parse(atob(payload)) as { readonly sub?: unknown }).sub);
};

/** Keeps a token. Somebody else's begins the page anew: nothing of one person is finished by another. */
function accept({ access_token, expires_in }: Tokens): void {
  const sub = subjectOf(access_token);
  const before = session.get();
  if (before !== undefined && before.sub !== sub) {
    location.replace(home);
    return;
  }
  secret = access_token;
  session.set({ sub, endsAt: Date.now() + expires_in * 1000 });
}

/** What a sign-in leaves in the tab while the page is away. It is taken out when the page is back. */
interface Left extends Journey {
  readonly hash: string;
}
const LEFT = "registrar.sign-in";

/** Leaves for the pool's login. */
export async function signIn(): Promise<void> {
  const journey = beginJourney();
  sessionStorage.setItem(LEFT, JSON.stringify({ ...journey, hash: location.hash } satisfies Left));
  location.assign(await addressFor(journey));
}

export type Arrival = "signed in" | "signed out" | "refused" | "for another window";

/** What the address says at the start of the page: somebody comes back from the login, or does not. */
export async function arrive(): Promise<Arrival> {
  const query = new URLSearchParams(location.search);
  const [state, code] = [query.get("state"), query.get("code")];
  const text = sessionStorage.getItem(LEFT);
  const left = text === null ? undefined : (JSON.parse(text) as Left);
  sessionStorage.removeItem(LEFT);
  if (state === null && !query.has("error")) return "signed out";
  if (left?.state !== state && state !== null && code !== null) {
    // No sign-in of this tab: a window that another tab has opened, or somebody's forgery, which nobody waits for.
    history.replaceState(null, "", home);
    tell({ is: "code", state, code });
    return "for another window";
  }
  history.replaceState(null, "", `${home}${left?.hash ?? ""}`);
  const tokens = code === null || left === undefined ? undefined : await redeem(code, left);
  if (tokens === undefined) return "refused";
  accept(tokens);
  return "signed in";
}

let waiting: Journey | undefined;
let resume: Array<() => void> = [];

/** Resolves once the token is a new one; until then the page asks for it. */
export const renewed = (): Promise<void> =>
  new Promise((done) => {
    resume.push(done);
    if (renewal.get() === "no") renewal.set("wanted");
  });

/** Opens the login in a window of its own. A browser allows that only where somebody has clicked. */
export async function openRenewal(): Promise<void> {
  const opened = window.open("", "", "popup,width=480,height=720");
  waiting = beginJourney();
  if (opened === null) return renewal.set("blocked");
  opened.location.href = await addressFor(waiting);
  renewal.set("waiting");
}

channel.onmessage = async ({ data }: MessageEvent<Told>) => {
  if (data.is === "signed out") {
    if (session.get()?.sub === data.sub) forget();
    return;
  }
  if (waiting?.state !== data.state) return;
  const tokens = await redeem(data.code, waiting);
  waiting = undefined;
  if (tokens === undefined) return renewal.set("failed");
  accept(tokens);
  renewal.set("no");
  for (const go of resume.splice(0)) go();
};

function forget(): void {
  secret = "";
  resume = [];
  renewal.set("no");
  session.set(undefined);
}

/** Forgets the token in every tab, and has the pool's login forget the person. */
export function signOut(): void {
  const sub = session.get()?.sub;
  if (sub !== undefined) tell({ is: "signed out", sub });
  forget();
  location.assign(login === "" ? home : signOutAddress());
}
