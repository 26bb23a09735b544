/** What training on batches is asked for. Types only. */
import type { Loss } from "../losses/loss.js";
import type { Workspace } from "../solvers/workspace.js";
import type { BatchReader } from "./batch-source.js";
import type { Fitted } from "./fitted.js";
import type { Label } from "./labels.js";
import type { SolverRequest } from "./training-request.js";
import type { Validation } from "./validation.js";

export interface BatchRequest extends SolverRequest {
  readonly reader: BatchReader;
  readonly classes: readonly Label[];
  readonly loss: Loss;
  /** What a warm start begins with. */
  readonly last: Fitted | undefined;
  /** Checks the rows of validation against the number of features, and takes them onto the device; undefined where there are none. */
  readonly validationOn: (workspace: Workspace, columns: number) => Promise<Validation | undefined>;
}
