/** Tensors of TensorFlow.js, as its Tensor class is seen from outside. */
import { expect, test } from "vitest";
import { toDenseMatrix, toSparseMatrix } from "../../../src/data/matrix.js";
import { encodeLabels } from "../../../src/model/labels.js";

/** `shape`, `dtype`, `size`, `rank`, and both `data()` and `dataSync()`, on the prototype. */
class Tensor {
  readonly size: number;
  readonly rank: number;
  /** Without the last, which is 1. */
  readonly strides: number[];
  readonly values: Float32Array | Int32Array | Uint8Array;
  readonly shape: number[];
  readonly dtype: string;

  constructor(values: Tensor["values"], shape: number[], dtype = "float32") {
    this.values = values;
    this.shape = shape;
    this.dtype = dtype;
    this.size = values.length;
    this.rank = shape.length;
    this.strides = shape.slice(1);
  }

  async data(): Promise<Tensor["values"]> {
    return this.dataSync();
  }

  dataSync(): Tensor["values"] {
    return this.values;
  }
}

class OnGpu extends Tensor {
  override dataSync(): never {
    throw new Error("readSync is only available for CPU-resident tensors");
  }
}

test("a matrix and labels as they are", () => {
  const x = new Tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
  const matrix = toDenseMatrix(x, "fit", "X");
  expect(matrix).toMatchObject({ rows: 3, columns: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  expect(matrix.data).not.toBe(x.values);
  const y = encodeLabels(new Tensor(Int32Array.of(4, 2, 4), [3], "int32") as never, 3, { where: "fit" });
  expect(y).toMatchObject({ kind: "labels", classes: [2, 4], indices: Int32Array.of(1, 0, 1) });
  const soft = encodeLabels(new Tensor(Float32Array.of(1, 0, 0, 1), [2, 2]) as never, 2, { where: "fit" });
  expect(soft.kind).toBe("soft");
  expect(() => toDenseMatrix(new Tensor(Float32Array.of(1, 2), [2]) as never, "fit", "X")).toThrow("not a matrix");
});

test("one whose numbers are on a GPU says how to pass it", () => {
  expect(() => toDenseMatrix(new OnGpu(new Float32Array(4), [2, 2]) as never, "fit", "X")).toThrow(
    expect.objectContaining({
      code: "UNSUPPORTED_TYPE",
      message: "fit: the tensor X gives no numbers at once. Pass { data: await tensor.data(), shape: tensor.shape }.",
      cause: expect.any(Error),
    }),
  );
});

test("tensors that contradict themselves are refused", () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const refused = (x: object, message: string) =>
    expect(() => toDenseMatrix(x as never, "fit", "X")).toThrow(
      expect.objectContaining({ code: "SHAPE_MISMATCH", message: expect.stringContaining(message) }),
    );
  refused(
    { data, shape: [3, 2], dims: [2, 3] },
    "shape and dims that are not the same: expected one of them, got [3,2] and [2,3].",
  );
  refused({ data, dims: [3, 2], size: 5 }, "another length than its size: expected 5 values, got 6.");
  refused({ data, shape: [3, 2], strides: [1, 3] }, "expected the strides [2, 1], got [1,3].");
  refused({ data, shape: [3, 2], stride: [1, 3] }, "expected the strides [2, 1], got [1,3].");
  expect(
    toDenseMatrix({ data, shape: [3, 2], dims: [3, 2], size: 6, stride: [2, 1] } as never, "fit", "X").data,
  ).toEqual(data);
  // A row, or a column, lies as it does whatever is said of steps that nobody takes.
  expect(toDenseMatrix({ data, shape: [1, 6], strides: [7, 1] } as never, "fit", "X").rows).toBe(1);
  expect(toDenseMatrix({ data, shape: [6, 1], strides: [1, 6] } as never, "fit", "X").rows).toBe(6);
  const labels = { data: ["a", "b", "a"], shape: [3], dims: [2] };
  expect(() => encodeLabels(labels as never, 3, { where: "fit" })).toThrow("fit: y has a shape and dims");
  expect(() => encodeLabels({ ...labels, dims: [3], size: 4 } as never, 3, { where: "fit" })).toThrow(
    "expected 4 values",
  );
  const sparse = { data: [1], indices: [0], indptr: [0, 1], shape: [1, 2], dims: [2, 1] };
  expect(() => toSparseMatrix(sparse, "fit", "X")).toThrow("fit: X has a shape and dims");
});
