import { defineConfig } from "vitest/config";

/** Every remote call hit by every fault: minutes, so they have a command of their own. */
const matrix = ["test/e2e/matrix.test.ts", "test/e2e/life/failures-*.test.ts"];

const real = {
  globalSetup: ["test/support/build.ts"],
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        // The programs against memory services: no socket, no process, time is TestClock's.
        test: { name: "unit", include: ["test/unit/**/*.test.ts"] },
      },
      {
        // Real parts: PostgreSQL, an emulated Cognito, the built Worker in workerd, faults on sockets.
        test: { ...real, name: "e2e", include: ["test/e2e/**/*.test.ts"], exclude: matrix },
      },
      { test: { ...real, name: "matrix", include: matrix } },
    ],
  },
});
