/** From an option to the loss it names; loaded when a fit wants another than cross-entropy. */
import { absoluteLoss } from "./absolute.js";
import type { Loss } from "./loss.js";
import type { LossChoice } from "./loss-option.js";
import { marginLoss } from "./margin.js";
import { squaredLoss } from "./squared.js";

export function chosenLoss(choice: Exclude<LossChoice, { readonly name: "cross-entropy" }>): Loss {
  switch (choice.name) {
    case "squared":
      return squaredLoss(choice.on ?? "scores");
    case "margin": {
      const { delta = 1, power = 1, form = "sum" } = choice;
      return marginLoss({ delta, power, form });
    }
    default:
      return absoluteLoss;
  }
}
