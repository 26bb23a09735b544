/**
 * The sums of blocks added up two by two, the sums of those two by two again, and so on: a fixed tree, whose shape depends on
 * the number of blocks alone. Whoever has neighbouring blocks adds up what it can by itself and gives on a few sums only; the
 * order of additions, and so the bits, are the same however blocks are shared out.
 */

/** The sum of blocks `index · 2^level …`, 2^level of them or as many as there are. */
export interface PartialSum {
  readonly level: number;
  readonly index: number;
  readonly data: Float64Array;
}

export class SumTree {
  /** In the order of their blocks: no two of them are a pair, or they would be one. */
  readonly sums: PartialSum[] = [];
  readonly #blocks: number;
  readonly #accumulate: (total: Float64Array, part: Float64Array) => void;

  /** Of so many blocks in all. `accumulate`: total += part. */
  constructor(blocks: number, accumulate: (total: Float64Array, part: Float64Array) => void) {
    this.#blocks = blocks;
    this.#accumulate = accumulate;
  }

  /** Sums come in the order of their blocks. Their data are used up. */
  add({ level, index, data }: PartialSum): void {
    let sum: PartialSum = { level, index, data };
    while (2 ** sum.level < this.#blocks) {
      const first = sum.index % 2 === 0;
      const up = { level: sum.level + 1, index: Math.floor(sum.index / 2) };
      // The last one of a level may have nobody beside it.
      const single = first && (sum.index + 1) * 2 ** sum.level >= this.#blocks;
      const left = this.sums.at(-1);
      const paired = !first && left?.level === sum.level && left.index === sum.index - 1;
      if (paired && left) {
        this.sums.pop();
        this.#accumulate(left.data, sum.data);
        sum = { ...up, data: left.data };
      } else if (single) sum = { ...up, data: sum.data };
      else break;
    }
    this.sums.push(sum);
  }

  /** The sum of all blocks, once they have been added. */
  get total(): Float64Array {
    const [root] = this.sums;
    if (this.sums.length !== 1 || 2 ** root.level < this.#blocks) throw new RangeError("sum tree: blocks are missing.");
    return root.data;
  }
}
