/** How many operations wait for a person: the number beside “Needs you”. */
import { makeStore } from "../session/store.ts";
import { get } from "./call.ts";
import type { Operation, Page } from "./wire.ts";

export const needsYou = makeStore(0);

/** How often the number is read anew at the most, in milliseconds. It keeps a database awake that sleeps otherwise. */
const EVERY_MS = 60_000;

let readAt = 0;

async function read(): Promise<void> {
  if (document.hidden || Date.now() - readAt < EVERY_MS) return;
  readAt = Date.now();
  const heard = await get<Page<Operation>>("/api/operations?needsOperator=true&limit=100");
  if (heard.is === "answer") needsYou.set(heard.body.items.length);
}

/** Reads it now, and whenever somebody goes elsewhere; never by a timer, which would go on where nobody looks. */
export function watchNeeds(): () => void {
  void read();
  const onMove = () => void read();
  addEventListener("hashchange", onMove);
  return () => removeEventListener("hashchange", onMove);
}
