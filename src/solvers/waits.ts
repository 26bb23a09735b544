/** Work that is recorded at once, unless the data itself must be waited for. Imports nothing. */

/** A promise where the data must be waited for; else the work is recorded when the call returns. */
export type Waits = void | Promise<void>;

/** What comes next, as soon as it may. */
export function after(first: Waits, next: () => Waits): Waits {
  return first ? first.then(next) : next();
}
