/**
 * The kernel that multiplies matrices of halves runs on hardware with Chromium's subgroup matrices only. Dawn's null backend,
 * which computes nothing, has all features: there every form of it is at least compiled as WGSL and held to the default limits.
 */
import { expect, test } from "vitest";
import { create } from "webgpu";
import { loadShaders, shaderOf } from "../../src/engine/webgpu/shaders.js";
import { variantNamed } from "../../src/ops/matmul-kernels.js";
import { MATRIX_TILES, type MatrixTileName } from "../../src/ops/matmul-variants.js";

// Held here: Dawn ends the process when the entry point is collected while one of its devices lives.
const gpu = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
const FEATURES = ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"] as GPUFeatureName[];

test.each(Object.keys(MATRIX_TILES) as MatrixTileName[])("%s is valid in every order and format", async (name) => {
  const adapter = (await gpu.requestAdapter()) as GPUAdapter;
  const device = await adapter.requestDevice({ requiredFeatures: FEATURES });
  const sizes = { rows: 300, columns: 200, depth: 100, transposeA: false, transposeB: false, type: "f32" } as const;
  const { kernel, constants } = variantNamed(name, sizes, false);
  await loadShaders(kernel);
  const module = device.createShaderModule({ code: shaderOf(kernel) });
  expect((await module.getCompilationInfo()).messages).toEqual([]);
  for (const TRANSPOSE_A of [0, 1]) {
    for (const TRANSPOSE_B of [0, 1]) {
      for (const FORMAT_A of [0, 1, 2]) {
        const storage = { TRANSPOSE_A, TRANSPOSE_B, FORMAT_A, ONES: TRANSPOSE_A };
        const compute = { module, entryPoint: "main", constants: { ...constants, ...storage } };
        await expect(device.createComputePipelineAsync({ layout: "auto", compute })).resolves.toBeDefined();
      }
    }
  }
  device.destroy();
});
