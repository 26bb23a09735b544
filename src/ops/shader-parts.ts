/** Files of `shaders/` that kernels of several ops share, as `files` of a `Kernel` names them. */

/** Whether a float is finite, by its bits. */
export const FINITE = "numbers/finite";
/** What exp is given of a value and the maximum of its row, and what a loss is. */
export const BELOW = "numbers/below";
export const GAP = "numbers/gap";
/** The overrides of `rowLanes`. */
export const LANES = "rows/lanes";
/** The columns of a quad. */
export const COLUMNS = "rows/columns";
/** t[i,j] of `targets.ts`. */
export const TARGETS = "cross_entropy/targets";
/** `STATE` and `SPREAD` of `solver-state.ts`. */
export const SOLVER_STATE = "solver/state";
export const SOLVER_SPREAD = "solver/spread";
