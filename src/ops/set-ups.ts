/**
 * What was worked out for a launch, kept by what it follows from: a loop asks for the same few set-ups again and again, and to
 * work one out costs more than to launch it.
 */
import type { Dispatch } from "./op.js";

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

type Constants = Dispatch["constants"];

/** All overrides of launches: the same frozen object for the same set-up and key, by which the device knows its pipeline again. */
export class LaunchConstants {
  readonly #bySetUp = new WeakMap<object, SetUps<Constants>>();

  of(setUp: object, key: string, make: () => Constants): Constants {
    let known = this.#bySetUp.get(setUp);
    if (!known) {
      known = new SetUps();
      this.#bySetUp.set(setUp, known);
    }
    return known.of(key, () => Object.freeze(make()));
  }
}
