/** The soak's figures, as a person reads them. */
import type { Call } from "../../dev/faults.ts";
import type { Mail } from "../../dev/outbox.ts";
import type { Asked } from "./client.ts";
import type { Deed } from "./manager.ts";

export interface Figures {
  readonly asked: ReadonlyArray<Asked>;
  readonly deeds: ReadonlyArray<Deed>;
  readonly calls: ReadonlyArray<Call>;
  readonly tally: { readonly kills: number; readonly sweeps: number; readonly did: Record<string, number> };
  /** Registrations that were not resolved when the faults stopped, by state. */
  readonly before: ReadonlyArray<{ readonly state: string; readonly count: number }>;
  /** Sweeps it took until nothing was due. */
  readonly rounds: number;
  readonly seconds: number;
  readonly mails: ReadonlyArray<Mail>;
}

export function report({ asked, deeds, calls, tally, before, rounds, seconds, mails }: Figures): void {
  const struck = calls.filter(({ fault }) => fault !== undefined);
  const share = ((100 * struck.length) / calls.length).toFixed(1);
  const invited = new Set(mails.map(({ sub }) => sub)).size;
  const requests = asked.reduce((sum, { heard }) => sum + heard.length, 0);
  section(`${asked.length} ledger asked for, in ${requests} requests, in ${seconds} s`);
  section("what clients heard", count(asked.flatMap(({ heard }) => heard)));
  section("what they heard last", count(asked.map(({ heard }) => heard.at(-1) ?? "")));
  section(
    `${deeds.length} changes of users; what their callers heard`,
    count(
      deeds.map(({ kind, heard, byDisabled }) => `${kind}, ${heard}${byDisabled ? ", by one disabled" : ""}`),
    ),
  );
  section(
    `${struck.length} of ${calls.length} calls struck (${share} %)`,
    count(struck.map(({ fault }) => `${fault?.answer}, ${landing(fault)}`)),
  );
  section("struck by operation", count(struck.map(({ operation }) => operation)));
  section(`${tally.kills} isolates killed, ${tally.sweeps} sweeps while it lasted`, tally.did);
  const open = Object.fromEntries(before.map(({ state, count: many }) => [state, many]));
  section(`left open when the faults stopped; resolved in ${rounds} sweeps`, open);
  section(`${mails.length} mails to ${invited} users: ${mails.length - invited} sent more than once`);
}

const landing = (fault: Call["fault"]) => {
  if (fault?.effect !== "applied") return "no effect";
  return fault.late === undefined ? "took effect" : "took effect late";
};

const count = (names: ReadonlyArray<string>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
};

function section(title: string, counts: Record<string, number> = {}): void {
  console.log(`\n${title}`);
  for (const [name, many] of Object.entries(counts)) console.log(`  ${String(many).padStart(6)}  ${name}`);
}
