/** The SQL keeps the contract of the ledger in memory, on PostgreSQL, over a pool of connections. */
import { pool } from "../support/adapters.ts";
import { databaseContract } from "./database-suite.ts";

databaseContract(pool);
