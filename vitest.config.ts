import { defineConfig } from "vitest/config";
import { FLIP_SHAPES } from "./dev/flip-shapes.ts";
import { Results } from "./test/support/results.ts";

const real = {
  setupFiles: ["test/support/seed.ts"],
  globalSetup: ["test/support/build.ts"],
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    // Most of the time goes into waiting for sockets: more files than cores may wait at once.
    maxWorkers: 3,
    reporters: ["default", new Results()],
    projects: [
      {
        // The programs against memory services: no socket, no process, time is TestClock's.
        test: {
          name: "unit",
          // Some read every file, or run thousands of histories: a busy machine takes its time.
          testTimeout: 60_000,
          include: ["test/unit/**/*.test.ts", "test/contract/memory.test.ts"],
          setupFiles: ["test/support/seed.ts"],
        },
      },
      {
        // The same contracts against the real adapters: PostgreSQL, an emulated Cognito, faults on sockets.
        test: {
          ...real,
          name: "contract",
          include: ["test/contract/*.test.ts"],
          exclude: ["**/memory.test.ts"],
        },
      },
      {
        // The built Worker in workerd, between the same real parts.
        test: { ...real, name: "e2e", include: ["test/e2e/**/*.test.ts"] },
      },
      {
        // Every remote call hit by every fault: minutes, so they have a command of their own.
        test: { ...real, name: "matrix", include: ["test/matrix/**/*.test.ts"] },
      },
      {
        // The contracts of what is in the database, over each way to it and on each of FLIP's shapes: minutes, too. A
        // hundred races in one test cross two processes for each statement.
        test: { ...real, name: "databases", include: ["test/databases/**/*.test.ts"], testTimeout: 180_000 },
      },
      // What reads and writes FLIP's own tables, end to end, on each shape that these have.
      ...Object.entries(FLIP_SHAPES)
        .filter(([, { tables }]) => tables !== "")
        .map(([shape]) => ({
          test: {
            ...real,
            name: `e2e-flip-${shape}`,
            include: ["test/e2e/{register,manage}/**/*.test.ts"],
            env: { FLIP_SHAPE: shape },
          },
        })),
      {
        // The commands of an operator, each a process, in every state of disrepair that they name: minutes, too.
        test: { ...real, name: "commands", include: ["test/commands/**/*.test.ts"] },
      },
      {
        // The pages in a real browser, which a machine may not have: npm run browser looks for it.
        test: { ...real, name: "browser", include: ["test/browser/**/*.test.ts"] },
      },
      {
        // Their pictures, for docs/img/.
        test: { ...real, name: "screenshots", include: ["test/browser/**/*.shots.ts"] },
      },
      {
        // The guarantee in every kind of pool: minutes, too.
        test: { ...real, name: "pools", include: ["test/pools/**/*.test.ts"] },
      },
    ],
  },
});
