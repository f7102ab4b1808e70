/** The roles that the service knows, to choose from. */
import { get } from "../api/call.ts";
import type { Role } from "../api/wire.ts";
import { shown } from "./problem.tsx";
import { type Reading, useReading } from "./reading.ts";

export const useRoles = (): Reading<{ readonly roles: ReadonlyArray<Role> }> =>
  useReading("roles", () => get<{ readonly roles: ReadonlyArray<Role> }>("/api/roles"));

interface RoleChoiceProps {
  readonly roles: Reading<{ readonly roles: ReadonlyArray<Role> }>;
  readonly legend: string;
  readonly chosen?: ReadonlyArray<string>;
}

/** A box for each role, all by the name `roles`. */
export function RoleChoice({ roles, legend, chosen = [] }: RoleChoiceProps) {
  return (
    <>
      {shown(roles, "the roles", (value) => (
        <fieldset class="roles">
          <legend>{legend}</legend>
          {value.roles.map((role) => (
            <label class="choice" key={role.id}>
              <input type="checkbox" name="roles" value={role.id} checked={chosen.includes(role.id)} />
              <span>
                <strong>{role.rolename}</strong>
                <span class="hint">{role.roledescription}</span>
              </span>
            </label>
          ))}
        </fieldset>
      ))}
    </>
  );
}

/** The roles that are chosen in a form. */
export const rolesIn = (form: FormData): ReadonlyArray<string> => form.getAll("roles").map(String);
