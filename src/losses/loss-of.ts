/** From the option to the loss. All but cross-entropy are loaded when they are wanted: few models are trained by them. */
import { crossEntropyLoss } from "./cross-entropy.js";
import type { Loss } from "./loss.js";
import type { LossChoice } from "./loss-option.js";

export async function lossOf(choice: LossChoice): Promise<Loss> {
  if (choice.name === "cross-entropy") return crossEntropyLoss;
  const { chosenLoss } = await import("./chosen-loss.js");
  return chosenLoss(choice);
}
