/** L-BFGS by cross-entropy. */
export const files: Readonly<Record<string, string>> = import.meta.glob<string>(
  [
    "./{choose_step,cross_entropy_step,finish_gradient,judge_point,line_search,next_direction,stack_products,two_loop}.wgsl",
    "./{cross_entropy,solver}/*.wgsl",
  ],
  { base: "../../../../shaders", query: "?raw", import: "default", eager: true },
);
