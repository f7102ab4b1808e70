/** Who waits for whom, over Neon's driver over HTTP. */
import { neon } from "../support/adapters.ts";
import { turnsContract } from "./turns.ts";

turnsContract(neon);
