/** The SQL keeps the contract of the ledger in memory, on PostgreSQL, over connections behind Hyperdrive, from inside workerd. */
import { hyperdrive } from "../support/adapters.ts";
import { databaseContract } from "./database-suite.ts";

databaseContract(hyperdrive);
