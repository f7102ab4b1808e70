/**
 * FLIP's editions: what its clients are used to hear has changed. `2026-05`: as in May 2026. `2026-09`: since grants can be those of
 * one trust (revision c3a7f1eb9402). docs/flip.md says what differs.
 */
import * as Schema from "effect/Schema";

export const Edition = Schema.Literals(["2026-05", "2026-09"]);
export type Edition = typeof Edition.Type;
