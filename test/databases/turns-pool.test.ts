/** Who waits for whom, over a pool of connections. */
import { turnsContract } from "../contract/turns.ts";
import { pool } from "../support/adapters.ts";

turnsContract(pool);
