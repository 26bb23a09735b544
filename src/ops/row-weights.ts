/** `out[i] = r[i] · w[y[i]]`, 0 for an ignored row: what each row contributes to the denominator of a weighted mean. */
import { at } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface RowWeightsArguments<M extends Matrix = Matrix> {
  /** 1 × n class indices (i32). */
  readonly labels: M;
  readonly classes: number;
  /** 1 × k */
  readonly classWeight: M | undefined;
  /** 1 × n */
  readonly rowWeight: M | undefined;
  readonly ignoreIndex: number;
  /** 1 × n, written. */
  readonly out: M;
}

const kernel: Kernel = { name: "row_weights", bindings: ["read", "read", "read", "write"] };
const THREADS = 64;

export const rowWeights: Op<RowWeightsArguments> = {
  name: "rowWeights",
  types: { labels: ["i32"] },
  check({ labels, classes, classWeight, rowWeight, out }) {
    requireShape("rowWeights", "labels", labels, 1, out.columns);
    if (classWeight) requireShape("rowWeights", "classWeight", classWeight, 1, classes);
    if (rowWeight) requireShape("rowWeights", "sampleWeight", rowWeight, 1, out.columns);
  },
  reference({ labels, classes, classWeight, rowWeight, ignoreIndex, out }) {
    for (let i = 0; i < out.columns; i++) {
      const label = labels.data[i];
      const counts = label !== ignoreIndex && label >= 0 && label < classes;
      const ofClass = counts && classWeight ? at(classWeight, 0, label) : 1;
      out.data[i] = counts ? ofClass * (rowWeight ? at(rowWeight, 0, i) : 1) : 0;
    }
  },
  plan({ labels, classes, classWeight, rowWeight, ignoreIndex, out }, planner) {
    const from = wholeBlock("rowWeights", "labels", labels);
    const ofClass = classWeight && wholeBlock("rowWeights", "classWeight", classWeight);
    const ofRow = rowWeight && wholeBlock("rowWeights", "sampleWeight", rowWeight);
    const to = wholeBlock("rowWeights", "out", out);
    planner.dispatch({
      kernel,
      constants: { THREADS, HAS_CLASS_WEIGHT: Number(!!ofClass), HAS_ROW_WEIGHT: Number(!!ofRow) },
      buffers: [from.buffer, ofClass?.buffer ?? from.buffer, ofRow?.buffer ?? from.buffer, to.buffer],
      parameters: [
        out.columns,
        classes,
        from.offset * 4,
        (ofClass?.offset ?? 0) * 4,
        (ofRow?.offset ?? 0) * 4,
        to.offset * 4,
        ignoreIndex,
      ].map(u32),
      workgroups: Math.ceil((out.stride * 4) / THREADS),
      work: 4 * out.columns,
    });
  },
};
