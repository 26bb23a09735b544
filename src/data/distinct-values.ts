/** Which values a matrix has, as long as they are few. Imports nothing. */

/** Bytes tell no more apart. */
const MOST = 256;
/** Slots of the hash table, a power of two: four for each value keep the searches short. */
const SLOTS = 1024;

/** Collects the distinct ones among many float32 values, and gives up at the 257th. −0 counts as 0. */
export class DistinctValues {
  /** Bits of the values in the order of their arrival. */
  readonly #found = new Uint32Array(MOST);
  /** Places in `#found`, one up; 0 for an empty slot. */
  readonly #slots = new Uint16Array(SLOTS);
  #count = 0;
  #tooMany = false;

  add(values: Float32Array): void {
    if (this.#tooMany) return;
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < words.length && !this.#tooMany; i++) {
      // The same value often comes several times running: background, mostly.
      if (i === 0 || words[i] !== words[i - 1]) this.#tooMany = !this.#has(words[i] === 0x80000000 ? 0 : words[i]);
    }
  }

  /** Whether `word` is known; it is taken in while there is room. */
  #has(word: number): boolean {
    let slot = Math.imul(word, 0x9e3779b1) >>> 22;
    while (this.#slots[slot] !== 0) {
      if (this.#found[this.#slots[slot] - 1] === word) return true;
      slot = (slot + 1) % SLOTS;
    }
    if (this.#count === MOST) return false;
    this.#found[this.#count++] = word;
    this.#slots[slot] = this.#count;
    return true;
  }

  /** All of them, or undefined when there are more than 256. */
  get values(): readonly number[] | undefined {
    return this.#tooMany ? undefined : [...new Float32Array(this.#found.buffer, 0, this.#count)];
  }
}
