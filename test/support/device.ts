/**
 * The fixture of the GPU tests. `import { test } from "../support/device.js"` instead of Vitest's own `test`:
 *
 *   test("adds", async ({ engines }) => { … engines.webgpu … engines.cpu … });
 *
 * Device and engines live as long as the test file, so that pipelines are compiled once; every test, whether it takes a
 * fixture or not, runs inside error scopes of its own and fails on whatever the GPU reports. Inside those scopes no
 * `uncapturederror` fires: a test of how the engine itself notices faults takes Vitest's `test` and `requireDevice()`.
 */
import { test as plainTest, type TestAPI } from "vitest";
import { createEngine, type Engine } from "../../src/index.js";
import { requireDevice } from "./adapter.js";
import { withErrorScopes } from "./error-scopes.js";

/** The two devices that an engine can run on. */
export type EngineDevice = "webgpu" | "cpu";

/** For `describe.each(ENGINE_DEVICES)`: the same assertions on both devices. */
export const ENGINE_DEVICES: readonly EngineDevice[] = ["webgpu", "cpu"];

export interface DeviceFixtures {
  /** A WebGPU device at default limits, shared by the tests of one file. Do not destroy it. */
  readonly gpuDevice: GPUDevice;
  /** An engine on each device, shared by the tests of one file. Do not dispose them. */
  readonly engines: Readonly<Record<EngineDevice, Engine>>;
  /** Runs by itself round every test. */
  readonly errorScopes: undefined;
}

/** Vitest's `test` with a WebGPU device, engines and error scopes. Fails where there is no adapter. */
export const test: TestAPI<DeviceFixtures> = plainTest.extend<DeviceFixtures>({
  gpuDevice: [
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern which fixtures this one needs: none.
    async ({}, use) => {
      const device = await requireDevice();
      await use(device);
      device.destroy();
    },
    { scope: "file" },
  ],
  engines: [
    async ({ gpuDevice }, use) => {
      const webgpu = await createEngine({ gpuDevice });
      const cpu = await createEngine({ device: "cpu" });
      if (webgpu.device !== "webgpu" || cpu.device !== "cpu") {
        throw new Error(`engines: expected webgpu and cpu, got ${webgpu.device} and ${cpu.device}.`);
      }
      await use({ webgpu, cpu });
      webgpu.dispose();
      cpu.dispose();
    },
    { scope: "file" },
  ],
  errorScopes: [
    async ({ gpuDevice }, use) => {
      await withErrorScopes(gpuDevice, () => use(undefined));
    },
    { auto: true },
  ],
});
