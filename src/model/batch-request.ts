/** What training on batches is asked for. Types only. */
import type { Loss } from "../losses/loss.js";
import type { BatchReader } from "./batch-source.js";
import type { BestWeights } from "./early-stopping.js";
import type { FitCheckpoint } from "./fit-checkpoint.js";
import type { Fitted } from "./fitted.js";
import type { Label } from "./labels.js";
import type { CheckedBatchFitOptions } from "./model-options.js";
import type { SolverRequest } from "./training-request.js";
import type { Validation } from "./validation.js";

export interface BatchRequest extends SolverRequest {
  readonly fit: CheckedBatchFitOptions;
  readonly reader: BatchReader;
  readonly classes: readonly Label[];
  readonly loss: Loss;
  /** What a warm start begins with. */
  readonly last: Fitted | undefined;
}

/** Each undefined where it was not asked for. */
export interface BatchCompany {
  readonly validation: Validation | undefined;
  readonly bestWeights: BestWeights | undefined;
  readonly checkpoint: FitCheckpoint | undefined;
}
