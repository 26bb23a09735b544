/** What every fit and every prediction may ask for, and the parts that kernels of several groups share. */
export const files: Readonly<Record<string, string>> = import.meta.glob<string>(
  ["./{argmax,matmul_direct,softmax,sum_partials}.wgsl", "./{matmul,numbers,rows}/*.wgsl"],
  { base: "../../../../shaders", query: "?raw", import: "default", eager: true },
);
