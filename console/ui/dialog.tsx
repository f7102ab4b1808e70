/** A question that has to be answered first: the browser's own dialog keeps the focus in it, and gives it back. */
import type { Child } from "hono/jsx";
import { useEffect, useState } from "hono/jsx/dom";
import { Button, sent } from "./parts.tsx";

interface DialogProps {
  readonly head: string;
  readonly children?: Child;
  /** Called when it is closed by the Escape key. Without it the question cannot be avoided. */
  readonly onCancel?: () => void;
}

export function Dialog({ head, onCancel, children }: DialogProps) {
  const [dialog] = useState<{ current: HTMLDialogElement | null }>({ current: null });
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={head}
      onCancel={(event: Event) => {
        event.preventDefault();
        onCancel?.();
      }}
    >
      <h2>{head}</h2>
      {children}
    </dialog>
  );
}

interface AskProps {
  readonly head: string;
  /** What is asked for besides yes. */
  readonly children?: Child;
  /** What follows from yes. */
  readonly consequences: ReadonlyArray<string>;
  readonly yes: string;
  readonly no?: string;
  readonly danger?: boolean | undefined;
  /** Yes was said, and is being carried out. */
  readonly busy?: boolean;
  readonly onYes: (form: FormData) => void;
  readonly onNo: () => void;
}

/** Says what follows from a change, and asks whether it is to be done. */
export const Ask = (props: AskProps) => {
  const {
    head,
    children,
    consequences,
    yes,
    no = "Cancel",
    danger = false,
    busy = false,
    onYes,
    onNo,
  } = props;
  const submit = (event: Event) => {
    const form = sent(event);
    if (!busy) onYes(form);
  };
  return (
    <Dialog head={head} onCancel={busy ? () => {} : onNo}>
      <form onSubmit={submit} class="stack" novalidate autocomplete="off">
        {children}
        <ul class="consequences stack">
          {consequences.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
        <div class="row">
          <Button kind={danger ? "danger" : "main"} type="submit" busy={busy}>
            {yes}
          </Button>
          <Button kind="quiet" busy={busy} onClick={onNo}>
            {no}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};
