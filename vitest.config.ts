/**
 * The tests, in five projects that also run alone (`npx vitest run --project gpu`):
 * `unit` and `e2e` in Node, `gpu` and `mnist` inside headless Chromium with WebGPU, `dawn` in Node with WebGPU.
 */
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from "vitest/config";
import { mnistFiles } from "./scripts/mnist-plugin.js";
import { launchOptions } from "./test/support/chromium.js";

/** Tests that run in Chromium's page. A software GPU compiles shaders slowly, hence the patience. */
function inChromium(name: string, include: string, timeoutMs: number): TestProjectInlineConfiguration {
  return {
    plugins: [mnistFiles()],
    cacheDir: `node_modules/.cache/vite-${name}`,
    // A dependency first met in mid-run would reload the page under the tests.
    optimizeDeps: { include: ["fast-check"] },
    test: {
      name,
      include: [include],
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      fileParallelism: false,
      browser: {
        enabled: true,
        headless: true,
        ui: false,
        screenshotFailures: false,
        provider: playwright({ launchOptions: launchOptions() }),
        instances: [{ browser: "chromium" }],
      },
    },
  };
}

/** Files of test/gpu that the `dawn` project leaves out, each for its reason. */
const ONLY_IN_A_BROWSER: readonly string[] = [
  // Needs an adapter that offers bindings of 1 GiB and cannot make such a buffer, as SwiftShader's in Chromium: llvmpipe's has 128 MiB.
  "test/gpu/engine/out-of-memory.test.ts",
  // Holds the CPU path to turns of 50 ms, without a GPU, and needs a core to itself: here files run side by side.
  "test/gpu/engine/cpu-heartbeat.test.ts",
  // Workers run the built file: test/demo/workers.test.ts tries them under Node.
  "test/gpu/workers/*.test.ts",
  // Compares fused steps with small ones, with an intercept and without, by each solver: minutes of compiling. Its kernels' own tests stay.
  "test/gpu/model/standardize.test.ts",
  // The fused step and small batches in dozens of forms, each of which llvmpipe compiles for up to a minute, Chromium's SwiftShader
  // for a second or two. Under Node the same kernels are held to float64 by the tests of their ops' steps and of whole fits.
  // Likewise the products of halves and the largest ones; every variant is held to float64 there by variants.test.ts.
  "test/gpu/matmul/halves.test.ts",
  "test/gpu/matmul/large.test.ts",
  "test/gpu/ops/linear-gradient.test.ts",
  "test/gpu/ops/linear-step-variants.test.ts",
  "test/gpu/ops/small-batch-steps.test.ts",
  // All kernels once more, one by one: each has tests of its own that run here, but for those above.
  "test/gpu/engine/self-check.test.ts",
];

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/house/**/*.test.ts"],
          environment: "node",
          testTimeout: 30_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "dawn",
          include: ["test/gpu/**/*.test.ts", "test/dawn/**/*.test.ts"],
          exclude: [...ONLY_IN_A_BROWSER],
          environment: "node",
          pool: "forks",
          maxWorkers: "100%",
          globalSetup: ["test/support/dawn-adapter.ts"],
          setupFiles: ["test/support/dawn.ts"],
          // llvmpipe compiles the larger kernels for many seconds each.
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      inChromium("gpu", "test/gpu/**/*.test.ts", 60_000),
      inChromium("mnist", "test/mnist/**/*.test.ts", 600_000),
      {
        test: {
          name: "e2e",
          include: ["test/demo/**/*.test.ts"],
          environment: "node",
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

export default config;
