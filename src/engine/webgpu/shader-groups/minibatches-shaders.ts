/** Steps by minibatches, and cross-entropy of logits. */
export const files: Readonly<Record<string, string>> = import.meta.glob<string>(
  [
    "./{clip_gradient,cross_entropy,gather_rows,gather_values,linear_finish,linear_step,summarize,update}.wgsl",
    "./{linear_step,update}/*.wgsl",
  ],
  { base: "../../../../shaders", query: "?raw", import: "default", eager: true },
);
