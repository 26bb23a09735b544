import { expect, test } from "vitest";
import { deviceRequest } from "../../../src/engine/webgpu/device-request.js";

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
