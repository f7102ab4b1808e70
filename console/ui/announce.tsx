/** What a screen reader is told without being asked, and where the focus goes. */
import { makeStore } from "../session/store.ts";

const said = makeStore({ text: "", turn: 0 });

/** Has something read aloud. The same words twice are read twice. */
export const announce = (text: string): void => said.update(({ turn }) => ({ text, turn: turn + 1 }));

/** The region that is read. It is there from the start, or browsers do not watch it. */
export function Announcer() {
  const { text, turn } = said.use();
  return (
    <p class="unseen" role="status" aria-live="polite">
      {turn % 2 === 0 ? text : `${text}\u00a0`}
    </p>
  );
}

/** Puts the focus on an element once it is drawn. */
export function focusSoon(id: string): void {
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(id)?.focus()));
}
