/** All that the methods of an {@link Engine} do, loaded with the first that a caller holds. */
import { crossEntropyOn } from "./cross-entropy.js";
import { explainOn } from "./explain.js";
import { tensorOfBuffer } from "./gpu-buffer.js";
import { linearCrossEntropyOn } from "./linear-cross-entropy.js";
import { type TensorOperations, tensorOperations } from "./tensor-operations.js";

export interface Operations extends TensorOperations {
  readonly crossEntropyOn: typeof crossEntropyOn;
  readonly explainOn: typeof explainOn;
  readonly linearCrossEntropyOn: typeof linearCrossEntropyOn;
  readonly tensorOfBuffer: typeof tensorOfBuffer;
}

export const operations: Operations = {
  ...tensorOperations,
  crossEntropyOn,
  explainOn,
  linearCrossEntropyOn,
  tensorOfBuffer,
};
