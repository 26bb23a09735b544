/**
 * What was worked out for a launch, kept by what it follows from: a loop asks for the same few set-ups again and again, and to
 * work one out costs more than to launch it.
 */
const MOST = 256;

export class SetUps<Value> {
  readonly #known = new Map<string, Value>();

  /** The value for this key, made by `make` the first time. */
  of(key: string, make: () => Value): Value {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST) this.#known.clear();
    const value = make();
    this.#known.set(key, value);
    return value;
  }
}
