/** The SQL keeps the contract of the ledger in memory, on PostgreSQL, over a pool of connections. */

import { databaseContract } from "../contract/database-suite.ts";
import { pool } from "../support/adapters.ts";

databaseContract(pool);
