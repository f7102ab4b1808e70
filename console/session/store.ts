/** A value that the screens look at, and that changes outside of them. */
import { useEffect, useState } from "hono/jsx/dom";

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
  return {
    get,
    set,
    update: (change) => set(change(value)),
    use: () => {
      const [, draw] = useState(get);
      useEffect(() => {
        const listener = () => draw(get);
        listeners.add(listener);
        // It may have changed since it was drawn.
        listener();
        return () => void listeners.delete(listener);
      }, []);
      return value;
    },
  };
}
