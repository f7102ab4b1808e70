/**
 * The seed of everything that is drawn by chance: the same in every run, so that a failure is the change's and not the
 * day's. `SEED=random` draws one, `SEED=7` sets one; whatever fails prints it.
 */
import fc from "fast-check";

const FIXED = 20_261_127;

const given = process.env.SEED;

/** The seed of this run. */
export const SEED = given === undefined ? FIXED : given === "random" ? Date.now() % 2 ** 31 : Number(given);

fc.configureGlobal({ seed: SEED });
