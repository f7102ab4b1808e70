/** Every kind of fault, on every call, each as likely as the others. None lies: no answer says what did not happen. */
import type { Fault, Target } from "../../dev/faults.ts";

type RegistrationKind = Omit<Fault, "target" | "probability">;

const lost = ["reset", "close", "hang", "500", "503", "garbage", "truncate"] as const;
const everywhere: ReadonlyArray<RegistrationKind> = [
  ...lost.flatMap((answer): RegistrationKind[] => [
    { answer, effect: "none" },
    { answer, effect: "applied" },
  ]),
  { answer: "throttle", effect: "none" },
  { answer: "empty", effect: "applied" },
  { answer: "reset", effect: "applied", late: 300 },
  { answer: "500", effect: "applied", late: 1000 },
];
const refusals: Record<Target, ReadonlyArray<string>> = {
  cognito: ["InvalidParameterException", "InternalErrorException", "NotAuthorizedException"],
  database: ["23514", "40001", "53300", "57P01", ""],
};

/** A list that strikes this share of all calls. */
export function everyFault(share: number): Fault[] {
  return (["cognito", "database"] as const).flatMap((target) => {
    const codes = refusals[target].map(
      (code): RegistrationKind => ({ answer: "error", effect: "none", code }),
    );
    const kinds = [...everywhere, ...codes];
    return kinds.map((kind): Fault => ({ target, ...kind, probability: share / kinds.length }));
  });
}
