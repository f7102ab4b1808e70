/** The SQL keeps the contract of the ledger in memory, on PostgreSQL, over connections behind Hyperdrive, from inside workerd. */

import { databaseContract } from "../contract/database-suite.ts";
import { hyperdrive } from "../support/adapters.ts";

databaseContract(hyperdrive);
