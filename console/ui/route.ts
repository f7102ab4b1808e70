/** Where one is: the part of the address behind the #, so that a screen with its filters can be kept as a link. */
import { makeStore } from "../session/store.ts";

export interface Place {
  /** The words between the slashes. */
  readonly path: ReadonlyArray<string>;
  readonly query: Readonly<Record<string, string>>;
}

function read(): Place {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return {
    path: path.split("/"),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export const place = makeStore<Place>(read());

/** Takes the address as it is now: the browser tells of those that are followed, and not of those that are written. */
export const readPlace = (): void => place.set(read());
addEventListener("hashchange", readPlace);

/** The address of a screen. */
export function addressOf(path: string, query: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return given.length === 0 ? `#/${path}` : `#/${path}?${new URLSearchParams(given)}`;
}

export const go = (address: string): void => {
  location.hash = address;
};
