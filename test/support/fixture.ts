/**
 * A stack and a Worker for one test file, back at the start before each test. After each test the Worker's log is
 * searched for persons and secrets, and its last net must not have had to catch any.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { FLIP_SHAPES, isFlipShape } from "../../dev/flip-shapes.ts";
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

/**
 * The shape of FLIP's tables that somebody has asked for; `FLIP_SHAPE=2026-09` runs any end-to-end test on it that does not
 * say itself which it needs. The sentences stay those that the tests expect.
 */
const chosenShape = (): { readonly options: StackOptions; readonly settings: Record<string, string> } => {
  const flip = process.env.FLIP_SHAPE;
  if (flip === undefined) return { options: {}, settings: {} };
  if (!isFlipShape(flip)) throw new Error(`FLIP_SHAPE must be one of ${Object.keys(FLIP_SHAPES).join(", ")}`);
  return { options: { flip }, settings: { FLIP_EDITION: "2026-09" } };
};

/** What an answer shows of the profile of a user who has none: nothing where FLIP's tables keep no profiles. */
export const noProfile = (): object =>
  FLIP_SHAPES[chosenShape().options.flip ?? "none"].profiles ? { name: "", organisation: "" } : {};

/** Starts both for the file that calls it. */
export function useWorker(
  overrides: Record<string, string> = {},
  options: StackOptions = {},
  platform: PlatformOptions = {},
): Fixture {
  const started: { stack?: Stack; worker?: Worker } = {};
  const shape = chosenShape();
  beforeAll(async () => {
    started.stack = await startStack({ ...shape.options, ...options });
    const settings = options.flip === undefined ? { ...shape.settings, ...overrides } : overrides;
    started.worker = await startWorker(started.stack, settings, platform);
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
