/** The settings, as the service itself reads them. */
import { Environment } from "../../../src/settings.ts";
import { type Check, check } from "../check.ts";

const settings = check({
  id: "configuration.settings",
  title: "Settings",
  asks: "what the service itself checks when it starts",
  faults: {
    wrong: {
      status: "wrong",
      means: "The service answers 500 to everything.",
      mend: "Set each of them as docs/configuration.md says.",
    },
  },
  ask: async ({ problems, variables }) =>
    problems.length > 0
      ? { fault: "wrong", detail: problems.join("; ") }
      : {
          good: `${Object.keys(Environment.fields).filter((key) => key in variables).length} are set, and right`,
        },
});

export const configuration: ReadonlyArray<Check> = [settings];
