/** What a caller's object throws while it is read: a getter, a revoked proxy, a column. Imports errors only. */
import { DataError, LuceError } from "../errors.js";
import type { Argument } from "./argument.js";
import type { InPieces } from "./pieces.js";

/** One of ours as it is; anything else as the cause of one that names the argument. */
function unreadable(cause: unknown, { where, name }: Argument): LuceError {
  if (cause instanceof LuceError) return cause;
  return new DataError(
    "UNSUPPORTED_TYPE",
    `${where}: ${name} cannot be read: expected data that can be looked through, got an error from it. \`cause\` is what it threw.`,
    cause,
  );
}

/** What `read` gives. @throws DataError UNSUPPORTED_TYPE when the argument throws something of its own */
export function readable<Result>(argument: Argument, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw unreadable(cause, argument);
  }
}

/** The same a piece at a time. */
export function* readableInPieces<Result>(argument: Argument, work: InPieces<Result>): InPieces<Result> {
  try {
    return yield* work;
  } catch (cause) {
    throw unreadable(cause, argument);
  }
}
