/** Tensors of TensorFlow.js, as its Tensor class is seen from outside. */
import { expect, test } from "vitest";
import { toDenseMatrix } from "../../../src/data/matrix.js";
import { encodeLabels } from "../../../src/model/labels.js";

/** `shape`, `dtype`, `size`, `rank`, and both `data()` and `dataSync()`, on the prototype. */
class Tensor {
  readonly size: number;
  readonly rank: number;
  readonly values: Float32Array | Int32Array | Uint8Array;
  readonly shape: number[];
  readonly dtype: string;

  constructor(values: Tensor["values"], shape: number[], dtype = "float32") {
    this.values = values;
    this.shape = shape;
    this.dtype = dtype;
    this.size = values.length;
    this.rank = shape.length;
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
