import { expect, test } from "vitest";
import { mesaVersion } from "../../scripts/find-vulkan.mjs";

test.each([
  ["llvmpipe: Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6) 0.0.1", 25],
  ["llvmpipe: Mesa 22.3.6 (LLVM 15.0.6)", 22],
  ["SwiftShader driver 5.0.0", 0],
  ["NVIDIA H100: 570.1 Mesa 25.0.7", 0],
])("the version of Mesa in %s is %d", (name, version) => {
  expect(mesaVersion(name)).toBe(version);
});
