/** The shaders as builds have them, with short names: they compute what they did, and what no software adapter runs is valid. */
import { expect, test } from "vitest";
import { create } from "webgpu";
import { minifyShaders } from "../../scripts/wgsl-minifier.js";
import { readShaders } from "../../scripts/wgsl-plugin.js";
import { selfCheckOn } from "../../src/engine/self-check.js";
import { TensorEngine } from "../../src/engine/tensor-engine.js";
import { tensorOperations } from "../../src/engine/tensor-operations.js";
import { WebGpuBackend } from "../../src/engine/webgpu/webgpu-backend.js";
import { variantNamed } from "../../src/ops/matmul-kernels.js";
import { MATRIX_TILES, type MatmulVariant } from "../../src/ops/matmul-variants.js";
import type { Dispatch, Kernel } from "../../src/ops/op.js";
import { requireDevice } from "../support/adapter.js";

const files = await readShaders();
const minified = minifyShaders(files);
const codeOf = ({ name, files = [name] }: Kernel): string =>
  files.map((file) => minified.get(`${file}.wgsl`) as string).join("\n");
const kernelNames = [...files.keys()].filter((name) => !name.includes("/")).map((name) => name.replace(".wgsl", ""));

/** Runs short names in place of long ones. */
class Minified extends WebGpuBackend {
  readonly launched = new Map<string, Kernel>();
  override dispatch(dispatch: Dispatch): void {
    const { kernel } = dispatch;
    this.launched.set(kernel.name, kernel);
    super.dispatch({ ...dispatch, kernel: { ...kernel, code: codeOf(kernel) } });
  }
}

/** Kernels that need a feature of the device, and their variants. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  matmul_broadcasts: ["broadcasts"],
  matmul_matrices: Object.keys(MATRIX_TILES),
  matmul_subgroups: ["subgroups"],
};
const FEATURES = ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"] as GPUFeatureName[];
// Held here: Dawn ends the process when the entry point is collected while one of its devices lives.
const everything = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);

test("every kernel passes the self-check, or is valid where it needs more than this device has", async () => {
  const backend = new Minified(await requireDevice(), { owned: true, software: false });
  using engine = new TensorEngine(backend, "for the test", tensorOperations);
  const { rows } = await selfCheckOn(engine);
  expect(rows.filter((row) => !row.passed)).toEqual([]);
  const checked = [...backend.launched.keys(), ...Object.keys(OPTIONAL)];
  expect(checked.sort()).toEqual(kernelNames);

  const adapter = (await everything.requestAdapter()) as GPUAdapter;
  const device = await adapter.requestDevice({ requiredFeatures: FEATURES });
  const sizes = { rows: 300, columns: 10, depth: 100, transposeA: false, transposeB: false, type: "f32" } as const;
  for (const name of Object.values(OPTIONAL).flat()) {
    const { kernel, constants } = variantNamed(name as MatmulVariant, sizes, false);
    const module = device.createShaderModule({ code: codeOf(kernel) });
    expect((await module.getCompilationInfo()).messages, name).toEqual([]);
    const storage = { TRANSPOSE_A: 0, TRANSPOSE_B: 0, FORMAT_A: 1, ONES: 0 };
    const used = Object.entries({ ...constants, ...storage }).filter(([key]) =>
      codeOf(kernel).includes(`override ${key}:`),
    );
    const compute = { module, entryPoint: "main", constants: Object.fromEntries(used) };
    await expect(device.createComputePipelineAsync({ layout: "auto", compute }), name).resolves.toBeDefined();
  }
  // The steps' kernel once more, its lanes adding up by subgroups.
  const files = backend.launched.get("linear_step")?.files as readonly string[];
  const bySubgroups = ["linear_step/lanes_by_subgroups", ...files.filter((file) => !file.includes("lanes_in_turns"))];
  const code = codeOf({ name: "linear_step_subgroups", files: bySubgroups, bindings: [] });
  expect((await device.createShaderModule({ code }).getCompilationInfo()).messages).toEqual([]);
  device.destroy();
});
