/** Waiting for what a caller's function, source or store promises. Imports nothing. */

/** How work for a caller is ended from outside. */
export interface Ending {
  /** Throws what has ended it: a signal's reason, or a DisposedError. */
  readonly throwIfStopped: () => void;
  /** Whatever may end it. */
  readonly stops: readonly AbortSignal[];
}

/**
 * What `work` gives, or undefined once one of the signals is aborted: who never answers must not hold up an abort, or a model that is
 * disposed of. Look for what has ended it then.
 */
export async function unlessStopped<Result>(
  work: Result | PromiseLike<Result>,
  signals: readonly AbortSignal[],
): Promise<Result | undefined> {
  let stop = (): void => undefined;
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    for (const signal of signals) {
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
    }
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    for (const signal of signals) signal.removeEventListener("abort", stop);
  }
}
