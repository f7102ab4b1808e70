/** A question that has to be answered first: the browser's own dialog keeps the focus in it, and gives it back. */
import type { Child } from "hono/jsx";
import { useEffect, useRef } from "hono/jsx/dom";

interface DialogProps {
  readonly head: string;
  readonly children?: Child;
  /** Called when it is closed by the Escape key. Without it the question cannot be avoided. */
  readonly onCancel?: () => void;
}

export function Dialog({ head, onCancel, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-head"
      onCancel={(event: Event) => {
        event.preventDefault();
        onCancel?.();
      }}
    >
      <h2 id="dialog-head">{head}</h2>
      {children}
    </dialog>
  );
}
