/** What few fits ask for: other losses, sparse rows, l1, scaled columns, batches so small that one workgroup takes many steps. */
export const files: Readonly<Record<string, string>> = import.meta.glob<string>(
  [
    "./{add_scaled,column_moments,copy_columns,dots,reduced_products,repack_rows,scale_rows}.wgsl",
    "./{small_batch_steps,soft_threshold,sparse_product,total_loss,total_weight}.wgsl",
    "./{score_loss,score_loss_line,score_loss_step}.wgsl",
    "./{score_loss,small_batch_steps}/*.wgsl",
  ],
  { base: "../../../../shaders", query: "?raw", import: "default", eager: true },
);
