/**
 * Seeded random numbers: xoshiro128** (Blackman & Vigna 2018, "Scrambled linear pseudorandom number generators"), its
 * state filled by SplitMix64 (Steele, Lea & Flood 2014). Integer arithmetic only, so that one seed gives the same
 * sequence on every platform. For shuffling and starting weights; not for secrets. Imports errors only.
 */
import { OptionError } from "./errors.js";

const TWO_TO_32 = 2 ** 32;

const rotateLeft = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

/** Advances the four words of `state` in place and returns the next 32 random bits, as an integer in [0, 2³²). */
export function nextWord(state: Uint32Array): number {
  const result = Math.imul(rotateLeft(Math.imul(state[1], 5), 7), 9) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotateLeft(state[3], 11);
  return result;
}

/**
 * The generator's four words for a seed: two outputs of SplitMix64 started from the seed's 64 bits as a float64, so that
 * neighbouring seeds share nothing. The words are never all zero: SplitMix64 gives each output once in its period.
 */
export function seedState(seed: number): Uint32Array {
  const bits = new DataView(new ArrayBuffer(8));
  // Adding zero makes −0 the same seed as 0.
  bits.setFloat64(0, seed + 0);
  let counter = bits.getBigUint64(0);
  const state = new Uint32Array(4);
  for (let half = 0; half < 2; half++) {
    counter = BigInt.asUintN(64, counter + 0x9e3779b97f4a7c15n);
    let mixed = counter;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    mixed ^= mixed >> 31n;
    state[2 * half] = Number(mixed & 0xffffffffn);
    state[2 * half + 1] = Number(mixed >> 32n);
  }
  return state;
}

/**
 * A sequence of random numbers that its seed determines.
 *
 * `seed` is any finite number; throws OptionError BAD_OPTION for another.
 */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    if (!Number.isFinite(seed)) {
      throw new OptionError("BAD_OPTION", `Random: seed must be a finite number, got ${String(seed)}.`);
    }
    this.#state = seedState(seed);
  }

  /** A number in [0, 1), one of 2⁵³ equally likely ones. */
  next(): number {
    const high = nextWord(this.#state) >>> 5;
    const low = nextWord(this.#state) >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** An integer in [0, below), each equally likely; `below` is an integer in 1 … 2³². Throws OptionError BAD_OPTION. */
  integer(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > TWO_TO_32) {
      throw new OptionError(
        "BAD_OPTION",
        `Random.integer: below must be an integer in 1 … 4294967296, got ${String(below)}.`,
      );
    }
    for (;;) {
      const word = nextWord(this.#state);
      // The remainder, without the slow `%` of floats: of integers below 2³² the quotient's floor is exact.
      const rest = word - Math.floor(word / below) * below;
      // Words past the last whole multiple of `below` are drawn again: taking them would favour small results.
      if (word - rest + below <= TWO_TO_32) return rest;
    }
  }

  /** Puts `values` into random order, in place, every order equally likely (Fisher & Yates 1938, Durstenfeld 1964). */
  shuffle(values: Uint32Array): void {
    for (let last = values.length - 1; last > 0; last--) {
      const chosen = this.integer(last + 1);
      const value = values[last];
      values[last] = values[chosen];
      values[chosen] = value;
    }
  }
}
