/** A sum of many f32 for each of four lanes, kept in float64: rows may be very long. */
import type { Code, Local, Writer } from "./assembler.js";
import { f64x2, get, set, v128 } from "./instructions.js";
import { joined, promotedHalf } from "./vectors.js";

export class LongSum {
  readonly #halves: readonly [Local, Local];
  readonly #term: Local;

  /** Only after the writer's last parameter. */
  constructor(writer: Writer) {
    const [low, high, term] = writer.vectors(3);
    this.#halves = [low, high];
    this.#term = term;
  }

  get clear(): Code {
    return this.#halves.map((half) => set(half, v128.zero));
  }

  add(term: Code): Code {
    return [
      set(this.#term, term),
      this.#halves.map((sum, half) => set(sum, f64x2.add(get(sum), promotedHalf(this.#term, half)))),
    ];
  }

  /** Rounded to f32. */
  get value(): Code {
    return joined(...this.#halves);
  }
}
