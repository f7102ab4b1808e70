/** How many remote calls a caller waits for, one after another, and what that is against the *floor* where each takes long. */

import { roles } from "../dev/seed.ts";
import type { Options } from "./figures.ts";
import { registerAtOnce } from "./load.ts";
import { medianOf, ratios, spreadOf, written } from "./numbers.ts";
import type { Call } from "./providers.ts";
import type { Row } from "./report.ts";
import type { Stage } from "./stage.ts";
import { inTurn, type SubjectName, withSubject } from "./subjects.ts";

/** FLIP's two paths for a registration. */
const PATHS = {
  register: { path: "/api/users/", roles: [roles.observer] },
  "with roles": { path: "/api/step/users", roles: [roles.observer] },
};

/** How many of these calls have each begun when the one before had ended, at the most. */
export const inSequence = (calls: ReadonlyArray<Call>): number => {
  let number = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { began, ended } of calls.toSorted((one, other) => one.ended - other.ended)) {
    if (began < until) continue;
    number += 1;
    until = ended;
  }
  return number;
};

const callsOf = (name: SubjectName, stage: Stage, kind: keyof typeof PATHS): Promise<number> =>
  withSubject(name, stage, async ({ url }) => {
    const target = { url, token: stage.token, ...PATHS[kind] };
    await registerAtOnce(target, 3, 1);
    await stage.settled();
    // Long enough that calls which do not wait for each other overlap.
    await stage.order({ delayMs: 20, records: true });
    await registerAtOnce(target, 1, 1);
    const answered = performance.timeOrigin + performance.now();
    await stage.settled();
    const { calls } = await stage.order({ delayMs: 0, records: false });
    return inSequence(calls.filter(({ ended }) => ended <= answered));
  });

/** Registrations before those that are measured: until then V8 has optimized what runs often, and each connection has its plans. */
const WARM_UP = 400;

const latencyOf = (
  name: SubjectName,
  stage: Stage,
  delayMs: number,
  { number, warmUp }: { readonly number: number; readonly warmUp: number },
): Promise<number> =>
  withSubject(name, stage, async ({ url }) => {
    const target = { url, token: stage.token };
    await registerAtOnce(target, warmUp, 4);
    await stage.settled();
    await stage.order({ delayMs });
    const { latencies } = await registerAtOnce(target, number, 1);
    await stage.settled();
    await stage.order({ delayMs: 0 });
    return medianOf(latencies);
  });

const TARGETS = [
  { delayMs: 20, target: 0.95 },
  { delayMs: 80, target: 0.98 },
];

export const run = async (stage: Stage, { quick }: Options): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = [];
  for (const kind of ["register", "with roles"] as const) {
    const ours = await callsOf("ours", stage, kind);
    const plain = await callsOf("plain", stage, kind);
    rows.push({
      figure: `Remote calls in sequence before the answer, ${kind}`,
      value: String(ours),
      target: "3",
      met: ours === 3,
      note: `plain ${plain}`,
    });
  }
  const names = ["floor", "ours", "plain"] as const;
  const size = quick ? { number: 3, warmUp: 3 } : { number: 30, warmUp: WARM_UP };
  for (const { delayMs, target } of TARGETS) {
    const taken: Record<(typeof names)[number], Array<number>> = { floor: [], ours: [], plain: [] };
    for (let round = 0; round < (quick ? 1 : 3); round++)
      for (const name of inTurn(names, round)) taken[name].push(await latencyOf(name, stage, delayMs, size));
    const ours = spreadOf(ratios(taken.floor, taken.ours));
    rows.push({
      figure: `Latency of floor ÷ ours, ${delayMs} ms a call`,
      value: written(ours),
      target: `≥ ${target}`,
      met: ours.median >= target,
      note: `plain ${written(spreadOf(ratios(taken.floor, taken.plain)))}; floor ${written(spreadOf(taken.floor))} ms`,
    });
  }
  return rows;
};
