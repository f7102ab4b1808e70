/** `npm run docs:doctor`: writes the table of docs/doctor.md from the checks themselves. */
import { readFileSync, writeFileSync } from "node:fs";
import { AREAS } from "../cli/doctor/checks/all.ts";

/** Where the page is kept. */
export const DOCTOR_PATH = "docs/doctor.md";

const MARKS = ["<!-- checks: made by `npm run docs:doctor` -->", "<!-- end of checks -->"] as const;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

const table = ({ checks }: (typeof AREAS)[string]): string => {
  const rows = checks.flatMap(({ id, asks, faults }) =>
    Object.values(faults).map(({ status, means, mend }, index) => {
      const [check, question] = index === 0 ? [`\`${id}\``, cell(asks)] : ["", ""];
      return `| ${check} | ${question} | ${status} | ${cell(means)} | ${cell(mend)} |`;
    }),
  );
  return `| check | asks | | can find | mend |\n|---|---|---|---|---|\n${rows.join("\n")}\n`;
};

/** The page with its tables as they have to be. */
export const doctorText = (page: string): string => {
  const [before = "", rest = ""] = page.split(MARKS[0]);
  const after = rest.split(MARKS[1])[1] ?? "";
  const areas = Object.values(AREAS).map((area) => `### ${area.title}\n\n${table(area)}`);
  return `${before}${MARKS[0]}\n\n${areas.join("\n")}\n${MARKS[1]}${after}`;
};

if (import.meta.main) writeFileSync(DOCTOR_PATH, doctorText(readFileSync(DOCTOR_PATH, "utf8")));
