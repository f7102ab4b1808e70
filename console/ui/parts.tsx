/** The small parts that screens are made of. */
import type { Child } from "hono/jsx";
import type { Certainty, StateName } from "../words.ts";
import { STATE_LOOKS, STATES } from "../words.ts";

type Inner = { readonly children?: Child };

/** The glyph of a state, so that nothing is told by colour alone. Who reads with their ears has the words beside it. */
export const Glyph = ({ of }: { readonly of: Certainty }) => (
  <span class={`glyph ${of}`} aria-hidden="true" />
);

const HEADS: Record<Certainty, string> = {
  done: "Done",
  tracked: "Not finished, and looked after",
  doubt: "In doubt",
  failed: "Not done",
  neutral: "Partly done",
};

interface NoticeProps extends Inner {
  readonly certainty: Certainty;
  /** What stands first; by default the certainty in words. */
  readonly head?: string;
  readonly id?: string | undefined;
}

/** What became of something. It is made to be focused, so that it is read at once, and in its place. */
export const Notice = ({ certainty, head = HEADS[certainty], id, children }: NoticeProps) => (
  <section class={`notice ${certainty}`} tabindex={-1} id={id} aria-label={head}>
    <Glyph of={certainty} />
    <div class="stack">
      <strong>{head}</strong>
      {children}
    </div>
  </section>
);

export const Badge = ({ state }: { readonly state: StateName }) => (
  <span class={`badge ${STATE_LOOKS[state]}`}>{STATES[state]}</span>
);

interface ButtonProps extends Inner {
  readonly onClick?: () => void;
  readonly kind?: "main" | "quiet" | "danger";
  readonly type?: "button" | "submit";
  /** It waits for something: it cannot be pressed, and says so. */
  readonly busy?: boolean;
  /** It is switched on, or off. */
  readonly pressed?: boolean;
  readonly id?: string | undefined;
}

/** A button that waits keeps its place and the focus; pressed again it does nothing. */
export const Button = ({
  onClick,
  kind,
  type = "button",
  busy = false,
  pressed,
  id,
  children,
}: ButtonProps) => (
  <button
    type={type}
    class={kind ?? ""}
    aria-disabled={String(busy) as "true"}
    aria-pressed={pressed === undefined ? undefined : (String(pressed) as "true")}
    id={id}
    onClick={(event: Event) => {
      if (busy) event.preventDefault();
      else onClick?.();
    }}
  >
    {busy ? <span class="spinner" aria-hidden="true" /> : null}
    {children}
  </button>
);

interface FieldProps extends Inner {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly wrong?: string | undefined;
}

/** A label, what goes with it, and what is wrong with it: the control inside is told of both by its ids. */
export const Field = ({ name, label, hint, wrong, children }: FieldProps) => (
  <div class={wrong ? "field wrong" : "field"}>
    <label for={name}>{label}</label>
    {hint ? (
      <p class="hint" id={`${name}-hint`}>
        {hint}
      </p>
    ) : null}
    {children}
    {wrong ? (
      <p class="error" id={`${name}-error`}>
        {wrong}
      </p>
    ) : null}
  </div>
);

/** The attributes of a control in a field. */
export const control = (name: string, hint: boolean, wrong: string | undefined) => ({
  id: name,
  name,
  "aria-describedby":
    [hint && `${name}-hint`, wrong && `${name}-error`].filter(Boolean).join(" ") || undefined,
  "aria-invalid": wrong ? ("true" as const) : undefined,
});

/** What the form holds that is being sent. The page sends it, not the browser. */
export function sent(event: Event): FormData {
  event.preventDefault();
  return new FormData(event.target as HTMLFormElement);
}

/** A text of a form. */
export const textIn = (form: FormData, name: string): string => String(form.get(name) ?? "").trim();

/** While something is read for the first time. */
export const Loading = ({ what }: { readonly what: string }) => (
  <div class="loading">
    <p class="quiet">Reading {what} …</p>
    <div class="bone" />
    <div class="bone" />
    <div class="bone" />
  </div>
);

/** Where there is nothing to show. */
export const Empty = ({ head, children }: Inner & { readonly head: string }) => (
  <div class="empty">
    <h2>{head}</h2>
    {children}
  </div>
);

interface CardProps extends Inner {
  readonly head: string;
  readonly aside?: Child;
  readonly kind?: string;
}

export const Card = ({ head, aside, kind = "", children }: CardProps) => (
  <section class={`card ${kind}`} aria-label={head}>
    <header>
      <h2>{head}</h2>
      {aside}
    </header>
    {children}
  </section>
);
