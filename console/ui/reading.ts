/** Something that a screen reads when it is opened, and reads again when it is asked to. */
import { useEffect, useState } from "hono/jsx/dom";
import type { Heard } from "../api/call.ts";
import type { Problem } from "../api/wire.ts";

interface Known<T> {
  readonly of: string;
  readonly value?: T | undefined;
  readonly failed?: boolean;
  readonly problem?: Problem | undefined;
  readonly busy: boolean;
}

/** What is shown stays while it is read anew, and where that fails. */
export interface Reading<T> extends Known<T> {
  readonly again: () => Promise<void>;
}

/** `key`: what is read. Another key begins anew; an answer to an older question is thrown away. */
export function useReading<T>(key: string, read: () => Promise<Heard<T>>): Reading<T> {
  const first: Known<T> = { of: key, busy: true };
  const [known, setKnown] = useState(first);
  const [turn] = useState({ now: 0 });
  const again = async () => {
    turn.now += 1;
    const mine = turn.now;
    setKnown((was) => (was.of === key ? { ...was, busy: true } : first));
    const heard = await read();
    if (mine !== turn.now) return;
    setKnown((was) =>
      heard.is === "answer"
        ? { of: key, value: heard.body, busy: false }
        : {
            ...(was.of === key && was),
            of: key,
            failed: true,
            problem: heard.is === "problem" ? heard.problem : undefined,
            busy: false,
          },
    );
  };
  useEffect(() => {
    void again();
    return () => {
      turn.now += 1;
    };
  }, [key]);
  return { ...(known.of === key ? known : first), again };
}
