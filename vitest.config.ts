import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        // The programs against memory services: no socket, no process, time is TestClock's.
        test: { name: "unit", include: ["test/unit/**/*.test.ts"] },
      },
      {
        // Real parts: PostgreSQL, an emulated Cognito, the built Worker in workerd, faults on sockets.
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/support/build.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
