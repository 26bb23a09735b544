/** The WGSL of every kernel, by name: all files of `shaders/`, which only a page with a GPU loads. */
import { KernelError } from "../../errors.js";
import type { Kernel } from "../../ops/op.js";

const FOLDER = "../../../shaders/";
const files: Readonly<Record<string, string>> = import.meta.glob<string>("../../../shaders/**/*.wgsl", {
  query: "?raw",
  import: "default",
  eager: true,
});

const namesOf = ({ name, files = [name] }: Kernel): readonly string[] => files;

/** The kernel's files, joined. @throws KernelError SHADER_INVALID when there is no such file */
export function shaderOf(kernel: Kernel): string {
  if (kernel.code !== undefined) return kernel.code;
  const parts = namesOf(kernel).map((name) => {
    const found = files[`${FOLDER}${name}.wgsl`];
    if (found !== undefined) return found;
    throw new KernelError(
      "SHADER_INVALID",
      `${kernel.name}: the kernel has no shader: expected shaders/${name}.wgsl, got no such file. Report this as a bug.`,
    );
  });
  return parts.join("\n");
}

/** Which file of the kernel a line of the joined text stands in, and where. Lines count from 1. */
export function placeOf(kernel: Kernel, line: number): { readonly file: string; readonly line: number } {
  let first = 1;
  if (kernel.code === undefined) {
    for (const name of namesOf(kernel)) {
      const lines = (files[`${FOLDER}${name}.wgsl`] ?? "").split("\n").length;
      if (line < first + lines) return { file: `${name}.wgsl`, line: line - first + 1 };
      first += lines;
    }
  }
  return { file: `${kernel.name}.wgsl`, line };
}
