/** `min over W_h, b_h of J with penalty l2_h`, for several penalties h from common passes over X: the public door. */
import { inTurns } from "../engine/in-turns.js";
import { Workspace } from "../solvers/workspace.js";
import { EngineHolder } from "./engine-holder.js";
import { JoinedCourse } from "./joined-course.js";
import type { JoinedFitOptions } from "./joined-options.js";
import { checkJoinedOptions } from "./joined-options.js";
import { checkJoinedRows, requireOwnRows, weightingOf } from "./joined-rows.js";
import type { LabelsLike } from "./labels.js";
import type { Features } from "./model-options.js";
import type { FitReport } from "./report.js";
import { SoftmaxRegression } from "./softmax-regression.js";

/** One penalty of a path. */
export interface PathPoint {
  /** The penalty, as it was given. */
  readonly l2: number;
  /** Fitted with this penalty. It shares the `engine` that was given, or else opens one of its own when it is first asked. */
  readonly model: SoftmaxRegression;
  /** `passes` are those of all penalties together until this one was done. */
  readonly report: FitReport;
}

const WHERE = "fitPath";

/**
 * A model for each penalty of `l2s`, in their order: what `new SoftmaxRegression({ l2 }).fit(x, y)` would give for each of them, to
 * the tolerance. All start from zero and are trained side by side by L-BFGS: X [n×d] is multiplied by the weights of all H models at
 * once, [d × H·k], so that an iteration reads X twice whatever H is, and the slowest penalty decides how often. Arithmetic and the
 * logits' memory, about 3·n·H·k values, grow with H; what would pass 512 MiB is done in groups, whose passes add up.
 *
 * @throws ShapeError, DataError, LabelError, OptionError before anything is done; DeviceError, KernelError; CallbackError; the signal's
 *   reason when it is aborted, and then there is no model
 */
export async function fitPath(x: Features, y: LabelsLike, options: JoinedFitOptions): Promise<PathPoint[]> {
  const checked = checkJoinedOptions(options, [], WHERE);
  const course = new JoinedCourse(WHERE, checked);
  const throwIfStopped = (): void => course.throwIfStopped();
  const rows = await inTurns(checkJoinedRows(x, y, checked, WHERE), throwIfStopped);
  const weighting = weightingOf(rows, checked, WHERE);
  throwIfStopped();
  const holder = new EngineHolder(checked.model.engine, checked.engine);
  try {
    const engine = await holder.open();
    requireOwnRows(engine, WHERE, rows);
    const { trainJoined } = await import("./train-joined.js");
    const { onDevice } = await import("./uploaded-rows.js");
    const workspace = new Workspace(engine);
    try {
      const { x: tensor, y: labels } = await onDevice(workspace, rows, throwIfStopped);
      const members = checked.l2s.map((l2) => ({ l2, weighting }));
      const request = { x: tensor, y: labels, members, options: checked.model, course };
      const { trained } = await trainJoined(workspace, request);
      return trained.map(({ theta, report }, i) => {
        const content = { classes: labels.classes, features: tensor.columns, theta };
        const l2 = checked.l2s[i];
        return { l2, report, model: SoftmaxRegression.fromContent(content, { ...checked.given, l2 }) };
      });
    } finally {
      workspace.dispose();
    }
  } finally {
    holder.dispose();
  }
}
