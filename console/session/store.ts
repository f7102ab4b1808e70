/** A value that the screens look at, and that changes outside of them. */
import { useSyncExternalStore } from "hono/jsx/dom";

export interface Store<T> {
  readonly get: () => T;
  readonly set: (value: T) => void;
  readonly update: (change: (value: T) => T) => void;
  /** The value, for a component: it is drawn anew when the value changes. */
  readonly use: () => T;
}

export function makeStore<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<() => void>();
  const get = () => value;
  const set = (next: T) => {
    value = next;
    for (const listener of [...listeners]) listener();
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    get,
    set,
    update: (change) => set(change(value)),
    use: () => useSyncExternalStore(subscribe, get),
  };
}
