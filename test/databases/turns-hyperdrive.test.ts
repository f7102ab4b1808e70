/** Who waits for whom, over connections behind Hyperdrive, from inside workerd. */
import { turnsContract } from "../contract/turns.ts";
import { hyperdrive } from "../support/adapters.ts";

turnsContract(hyperdrive);
