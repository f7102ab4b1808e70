/** The SQL keeps the contract of the ledger in memory, on PostgreSQL, over Neon's driver over HTTP. */
import { neon } from "../support/adapters.ts";
import { databaseContract } from "./database-suite.ts";

databaseContract(neon);
