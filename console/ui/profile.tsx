/** Name and organisation: both may be left out, and what is left empty is not sent. */
import { control, Field, textIn } from "./parts.tsx";

const FIELDS = [
  ["name", "Name"],
  ["organisation", "Organisation"],
] as const;

type Profile = { readonly [Field in (typeof FIELDS)[number][0]]?: string };

interface FieldsProps {
  /** What stands in them at first. */
  readonly of?: Profile;
  readonly wrong?: Profile;
  readonly hint?: string;
}

export const ProfileFields = ({ of = {}, wrong = {}, hint = "" }: FieldsProps) => (
  <div class="pair">
    {FIELDS.map(([name, label]) => (
      <Field key={name} name={name} label={label + hint} wrong={wrong[name]}>
        <input type="text" maxlength={255} value={of[name] ?? ""} {...control(name, false, wrong[name])} />
      </Field>
    ))}
  </div>
);

export const profileIn = (form: FormData): Profile =>
  Object.fromEntries(FIELDS.map(([name]) => [name, textIn(form, name)]).filter(([, text]) => text !== ""));
