/** What `preconditioner: "gram"` is refused for, whatever the rows. */
import { OptionError } from "../errors.js";
import type { LossChoice } from "../losses/loss-option.js";

/** What is said of a model before there are rows. */
interface Objective {
  readonly solver: string;
  readonly l1: number;
  readonly loss: LossChoice;
}

/** @param obstacle what was expected, and what there is */
export const refuseGram = (where: string, obstacle: string): OptionError =>
  new OptionError(
    "BAD_OPTION",
    `${where}: option \`preconditioner\` "gram" cannot be used: expected ${obstacle}. "auto" goes with all.`,
  );

/** In words; undefined where there is none: L-BFGS and a loss that bends everywhere, without corners. */
export function gramObstacle({ solver, l1, loss }: Objective): string | undefined {
  if (solver !== "lbfgs" && solver !== "auto") return `\`solver\` "lbfgs", got "${solver}"`;
  if (l1 > 0) return `\`l1\` 0, got ${l1}`;
  const isCurved = loss.name === "cross-entropy" || (loss.name === "squared" && loss.on !== "probabilities");
  return isCurved ? undefined : `\`loss\` "cross-entropy" or "squared", got ${JSON.stringify(loss)}`;
}
