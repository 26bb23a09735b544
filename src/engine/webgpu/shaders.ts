/** The WGSL of every kernel, by name: all files of `shaders/`, which only a page with a GPU loads. */
import { KernelError } from "../../errors.js";
import type { Kernel } from "../../ops/op.js";

const files: Readonly<Record<string, string>> = import.meta.glob<string>("../../../shaders/*.wgsl", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** @throws KernelError SHADER_INVALID when there is no such file */
export function shaderOf({ name, code }: Kernel): string {
  const found = code ?? files[`../../../shaders/${name}.wgsl`];
  if (found !== undefined) return found;
  throw new KernelError(
    "SHADER_INVALID",
    `${name}: the kernel has no shader: expected shaders/${name}.wgsl, got no such file. Report this as a bug.`,
  );
}
