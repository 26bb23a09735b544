/** Products with few columns, as a head of few classes has: on hardware, and on software adapters with subgroups. */
export const files: Readonly<Record<string, string>> = import.meta.glob<string>(
  ["./{matmul_broadcasts,matmul_columns,matmul_rows}.wgsl", "./{matmul_columns,matmul_rows}/*.wgsl"],
  { base: "../../../../shaders", query: "?raw", import: "default", eager: true },
);
