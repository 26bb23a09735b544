/** Catches what a call throws and checks its class, code and message at once. */
import { expect } from "vitest";
import type { ErrorCode, LuceError } from "../../../src/errors.js";

type ErrorClass = new (code: ErrorCode, message: string, cause?: unknown) => LuceError;

function check(thrown: unknown, kind: ErrorClass, code: ErrorCode, ...parts: readonly string[]): LuceError {
  expect(thrown).toBeInstanceOf(kind);
  const error = thrown as LuceError;
  expect(error.code).toBe(code);
  for (const part of parts) expect(error.message).toContain(part);
  return error;
}

/** Fails unless `action` throws a `kind` with `code` whose message contains every part. */
export function expectFault(
  action: () => unknown,
  kind: ErrorClass,
  code: ErrorCode,
  ...parts: readonly string[]
): LuceError {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  return check(thrown, kind, code, ...parts);
}

/** The same for a promise that rejects. */
export async function expectRejection(
  promise: Promise<unknown>,
  kind: ErrorClass,
  code: ErrorCode,
  ...parts: readonly string[]
): Promise<LuceError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  return check(thrown, kind, code, ...parts);
}
