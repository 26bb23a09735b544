/** What a caller's source or store answers, or how its failure is told. */
import { CallbackError } from "../errors.js";
import { type Ending, unlessStopped } from "./unless-stopped.js";

/**
 * What a caller's source or store answers, unless the fit is ended from outside first.
 * @throws CallbackError with `message` for whatever the caller's own code throws; an error of a kind that `isOurs` knows stays what it is
 */
export async function answerOf<Result>(
  call: () => Promise<Result>,
  { throwIfStopped, stops }: Ending,
  message: string,
  isOurs: (error: unknown) => boolean,
): Promise<Result> {
  try {
    const answer = (await unlessStopped(call(), stops)) as Result;
    throwIfStopped();
    return answer;
  } catch (cause) {
    throwIfStopped();
    if (isOurs(cause)) throw cause;
    throw new CallbackError("CALLBACK_FAILED", message, cause);
  }
}
