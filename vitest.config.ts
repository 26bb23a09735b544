/**
 * The tests, in projects that also run alone (`npx vitest run --project "gpu-*"`): `unit` and `e2e` in Node, `gpu-…` and `mnist` inside
 * headless Chromium with WebGPU, `dawn` and `dawn-subgroups` in Node with WebGPU.
 */
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from "vitest/config";
import { mnistFiles } from "./scripts/mnist-plugin.js";
import { launchOptions } from "./test/support/chromium.js";

/** Tests that run in Chromium's page. A software GPU compiles shaders slowly, hence the patience. */
function inChromium(
  name: string,
  timeoutMs: number,
  include: readonly string[],
  exclude: readonly string[] = [],
): TestProjectInlineConfiguration {
  return {
    plugins: [mnistFiles()],
    cacheDir: `node_modules/.cache/vite-${name}`,
    // A dependency first met in mid-run would reload the page under the tests.
    optimizeDeps: { include: ["fast-check"] },
    test: {
      name,
      include: [...include],
      exclude: [...exclude],
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

/**
 * Chromium's software GPU keeps one core busy and no more, so `npm test` runs the files of test/gpu in two browsers at a time: those of
 * kernels in one, all others in the other. What is held to times, or starts workers, runs after that.
 */
const OF_KERNELS: readonly string[] = ["test/gpu/{matmul,ops,solvers}/**/*.test.ts"];
const WITHOUT_COMPANY: readonly string[] = ["test/gpu/engine/cpu-heartbeat.test.ts", "test/gpu/workers/*.test.ts"];

/** Files of test/gpu that are for a browser alone, each for its reason. */
const ONLY_IN_A_BROWSER: readonly string[] = [
  // Needs an adapter that offers bindings of 1 GiB and cannot make such a buffer, as SwiftShader's in Chromium: llvmpipe's has 128 MiB.
  "test/gpu/engine/out-of-memory.test.ts",
  // Holds the CPU path to turns of 50 ms, without a GPU, and needs a core to itself: here files run side by side.
  "test/gpu/engine/cpu-heartbeat.test.ts",
  // Workers run the built file: test/demo/workers.test.ts tries them under Node.
  "test/gpu/workers/*.test.ts",
];

/** Files whose kernels talk within subgroups. */
const WITH_SUBGROUPS: readonly string[] = [
  "test/gpu/engine/tune.test.ts",
  "test/gpu/matmul/{broadcasts,subgroups}.test.ts",
  "test/gpu/model/golden.test.ts",
  "test/gpu/ops/linear-step-subgroups.test.ts",
];

/**
 * Tests that run in Node, on Dawn. `vectorBits` is for llvmpipe, and nothing to other drivers: it copies each load and store for every
 * lane of its vectors, and LLVM then takes a time that grows with the square of that. By two lanes, the fewest that work, it compiles
 * five times as fast as by its usual eight, which are what its subgroups need.
 */
function onDawn(name: string, vectorBits: 64 | 256, include: readonly string[], exclude: readonly string[]) {
  return {
    test: {
      name,
      include: [...include],
      exclude: [...exclude],
      environment: "node",
      env: { LP_NATIVE_VECTOR_WIDTH: `${vectorBits}` },
      pool: "forks",
      maxWorkers: "100%",
      globalSetup: ["test/support/dawn-adapter.ts"],
      setupFiles: ["test/support/dawn.ts"],
      // llvmpipe compiles the larger kernels for many seconds each.
      testTimeout: 240_000,
      hookTimeout: 240_000,
    },
  } satisfies TestProjectInlineConfiguration;
}

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
      onDawn(
        "dawn",
        64,
        ["test/gpu/**/*.test.ts", "test/dawn/**/*.test.ts"],
        [...ONLY_IN_A_BROWSER, ...WITH_SUBGROUPS],
      ),
      onDawn("dawn-subgroups", 256, WITH_SUBGROUPS, []),
      inChromium("gpu-kernels", 120_000, OF_KERNELS),
      inChromium("gpu-models", 120_000, ["test/gpu/**/*.test.ts"], [...OF_KERNELS, ...WITHOUT_COMPANY]),
      inChromium("gpu-alone", 60_000, WITHOUT_COMPANY),
      inChromium("mnist", 600_000, ["test/mnist/**/*.test.ts"]),
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
