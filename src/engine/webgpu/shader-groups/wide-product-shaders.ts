/** Products in tiles, and those of subgroups and of matrices of halves. */
export const files: Readonly<Record<string, string>> = import.meta.glob<string>(
  ["./{matmul,matmul_matrices,matmul_subgroups}.wgsl", "./matmul_matrices/*.wgsl"],
  { base: "../../../../shaders", query: "?raw", import: "default", eager: true },
);
