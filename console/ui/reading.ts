/** Something that a screen reads when it is opened, and reads again when it is asked to. */
import { useEffect, useRef, useState } from "hono/jsx/dom";
import type { Heard } from "../api/call.ts";
import type { Problem } from "../api/wire.ts";

/** What is shown stays while it is read anew: `stale` says that this is going on. */
export interface Reading<T> {
  readonly value: T | undefined;
  readonly failed: boolean;
  readonly problem: Problem | undefined;
  readonly busy: boolean;
  readonly again: () => Promise<void>;
}

interface Known<T> {
  readonly value: T | undefined;
  readonly failed: boolean;
  readonly problem: Problem | undefined;
  readonly busy: boolean;
  readonly of: string;
}

/** `key`: what is read. Another key begins anew; an answer to an older question is thrown away. */
export function useReading<T>(key: string, read: () => Promise<Heard<T>>): Reading<T> {
  const first = { value: undefined, failed: false, problem: undefined, busy: true, of: key };
  const [known, setKnown] = useState<Known<T>>(first);
  const turn = useRef(0);
  const again = async () => {
    turn.current = (turn.current ?? 0) + 1;
    const mine = turn.current;
    setKnown((was) => (was.of === key ? { ...was, busy: true } : first));
    const heard = await read();
    if (mine !== turn.current) return;
    if (heard.is === "answer")
      setKnown({ value: heard.body, failed: false, problem: undefined, busy: false, of: key });
    else
      setKnown((was) => ({
        value: was.of === key ? was.value : undefined,
        failed: true,
        problem: heard.is === "problem" ? heard.problem : undefined,
        busy: false,
        of: key,
      }));
  };
  useEffect(() => {
    void again();
    return () => {
      turn.current = (turn.current ?? 0) + 1;
    };
  }, [key]);
  const current = known.of === key ? known : first;
  const { value, failed, problem, busy } = current;
  return { value, failed, problem, busy, again };
}
