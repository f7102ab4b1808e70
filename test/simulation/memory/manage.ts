export { finishChange as manageInBackground, makeChange as manage } from "../../../src/programs/change.ts";
