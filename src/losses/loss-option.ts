/** The losses by name, as a model's option gives them. Types only. */

/** What is brought down, for scores z of a row, targets q and p = softmax(z); a word stands for the loss with its defaults. */
export type LossOption = LossChoice["name"] | LossChoice;

/** A loss with its parameters. */
export type LossChoice =
  /** `−Σ_j q_j log p_j`: smooth and convex. */
  | { readonly name: "cross-entropy" }
  /** `Σ_j (z_j − q_j)²` on scores, the default, or `Σ_j (p_j − q_j)²` on probabilities. */
  | { readonly name: "squared"; readonly on?: "scores" | "probabilities" }
  /**
   * `Σ_{j≠y} max(0, delta − z_y + z_j)^power`, or the largest term alone where `form` is `"max"` (Crammer & Singer 2001). `delta` > 0,
   * default 1; `power` 1 (default) or 2; `form` `"sum"` (default) or `"max"`. Rows are of one class each.
   */
  | { readonly name: "margin"; readonly delta?: number; readonly power?: 1 | 2; readonly form?: "sum" | "max" }
  /** `Σ_j |p_j − q_j|`. */
  | { readonly name: "absolute" };
