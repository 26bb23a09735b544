/** Matrices that own one piece of memory together, so that one product can write them all. */
import { Tensor } from "./tensor.js";
import type { TensorEngine } from "./tensor-engine.js";

/** `whole` [Σ rows × k] and its parts, one below the other; the memory is given back with the last part. */
export interface Stacked {
  /** Lives as long as any part does; not to be disposed of. */
  readonly whole: Tensor;
  readonly parts: readonly Tensor[];
}

export function stacked(engine: TensorEngine, rows: readonly number[], columns: number): Stacked {
  const whole = engine.empty([rows.reduce((sum, count) => sum + count, 0), columns]);
  let alive = rows.length;
  const release = (): void => {
    if (--alive === 0) whole.dispose();
  };
  let first = 0;
  const parts = rows.map((count) => {
    const part = new Tensor({ ...whole.memory, release }, [count, columns], 1, 0, first);
    first += count;
    return part;
  });
  return { whole, parts };
}
