/**
 * A stack and a Worker for one test file, back at the start before each test. After each test the Worker's log is
 * searched for persons and secrets, and its last net must not have had to catch any.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type Stack, type StackOptions, startStack } from "../../dev/stack.ts";
import { quiet, releaseAll } from "./moments.ts";
import { type PlatformOptions, startWorker, type Worker } from "./worker.ts";

/** What a test file works with; both are there from `beforeAll` on. */
export interface Fixture {
  readonly stack: Stack;
  readonly worker: Worker;
}

/** Settings for files whose tests let no call hang: a busy machine never runs into them. */
export const patient = {
  COGNITO_TIMEOUT_MS: "5000",
  COGNITO_CREATE_TIMEOUT_MS: "5000",
  DATABASE_TIMEOUT_MS: "5000",
};

/** Starts both for the file that calls it. */
export function useWorker(
  overrides: Record<string, string> = {},
  options: StackOptions = {},
  platform: PlatformOptions = {},
): Fixture {
  const started: { stack?: Stack; worker?: Worker } = {};
  beforeAll(async () => {
    started.stack = await startStack(options);
    started.worker = await startWorker(started.stack, overrides, platform);
  });
  afterAll(async () => {
    await started.worker?.stop();
    await started.stack?.stop();
  });
  beforeEach(async () => {
    await quiet(fixture.stack);
    await fixture.stack.reset();
  });
  afterEach(() => {
    releaseAll();
    expectDiscreet(fixture);
  });

  const fixture: Fixture = {
    get stack() {
      return must(started.stack);
    },
    get worker() {
      return must(started.worker);
    },
  };
  return fixture;
}

/** No line of the log names a person, holds a token or a connection string, or needed its last net. */
export function expectDiscreet({ stack, worker }: Fixture): void {
  const log = worker.text();
  expect(log).not.toMatch(/[\w.+-]+@[\w-]+\.\w/);
  expect(log).not.toMatch(/eyJ[\w-]{8}|postgres(ql)?:\/\//);
  expect(log).not.toContain(new URL(stack.databaseUrl).password);
  expect(log).not.toMatch(/\[(address|token|database|key)\]/);
}

function must<A>(value: A | undefined): A {
  if (value === undefined) throw new Error("the stack has not started");
  return value;
}
