import { describe, expect, test } from "vitest";
import { deviceRequest, multipliesMatrices } from "../../../src/engine/webgpu/device-request.js";

const MEBIBYTE = 2 ** 20;
const adapterOf = (bindingBytes: number, bufferBytes: number): GPUAdapter =>
  ({
    features: new Set(),
    limits: { maxStorageBufferBindingSize: bindingBytes, maxBufferSize: bufferBytes },
  }) as unknown as GPUAdapter;

test.each([
  ["the defaults", 128, 256, undefined, undefined],
  ["a little more", 188, 256, 188, 256],
  ["as much as is wanted", 1024, 1024, 1024, 1024],
  ["more than is wanted", 4095, 8192, 1024, 1024],
  ["bindings larger than buffers", 2048, 512, 512, 512],
])("of an adapter with %s", (_, bindingMiB, bufferMiB, binding, buffer) => {
  const { requiredLimits } = deviceRequest(adapterOf(bindingMiB * MEBIBYTE, bufferMiB * MEBIBYTE), false, false);
  const expected = binding && {
    maxStorageBufferBindingSize: binding * MEBIBYTE,
    maxBufferSize: (buffer as number) * MEBIBYTE,
  };
  expect(requiredLimits).toEqual(expected ?? {});
});

test("a software adapter is not believed", () => {
  expect(deviceRequest(adapterOf(1024 * MEBIBYTE, 1024 * MEBIBYTE), true, false).requiredLimits).toEqual({});
});

describe("matrices of halves", () => {
  const features = ["subgroups", "shader-f16", "chromium-experimental-subgroup-matrix"];
  const config = { M: 16, N: 16, K: 16, componentType: "f16", resultComponentType: "f32" };
  const info = { subgroupMinSize: 32, subgroupMaxSize: 32, subgroupMatrixConfigs: [{ ...config, N: 8 }, config] };
  const adapter = { features: new Set([...features, "timestamp-query"]), info, limits: {} } as unknown as GPUAdapter;

  test("are asked for only by who wants them, and only whole", () => {
    expect(deviceRequest(adapter, false, true).requiredFeatures).toEqual(features);
    expect(deviceRequest(adapter, false, false).requiredFeatures).toEqual(["subgroups"]);
    for (const missing of features) {
      const fewer = features.filter((each) => each !== missing);
      const asked = deviceRequest({ ...adapter, features: new Set(fewer) } as unknown as GPUAdapter, false, true);
      expect(asked.requiredFeatures).toEqual(missing === "subgroups" ? [] : ["subgroups"]);
    }
  });

  test.each([
    ["subgroups of another size", { subgroupMinSize: 16 }],
    ["other sides", { subgroupMatrixConfigs: [{ ...config, K: 8 }] }],
    ["sums of halves", { subgroupMatrixConfigs: [{ ...config, resultComponentType: "f16" }] }],
    ["bytes", { subgroupMatrixConfigs: [{ ...config, componentType: "u8" }] }],
    ["no word of any", { subgroupMatrixConfigs: undefined }],
  ])("%s do not serve", (_, change) => {
    const set = new Set(features);
    expect(multipliesMatrices(set, info as never)).toBe(true);
    expect(multipliesMatrices(set, { ...info, ...change } as never)).toBe(false);
  });
});
