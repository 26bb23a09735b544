/**
 * The library build: src/index.ts becomes dist/index.js, which any module script can load, and what only some pages need (the GPU's
 * side with its shaders, the CPU's with its kernels, the self-check, the tuning) becomes files beside it that are loaded when they are
 * asked for. src/testing/index.ts shares nothing with them and becomes dist/testing.js.
 */
import { defineConfig, type Rolldown, type UserConfig } from "vite";
import { isOp, opPartsApart } from "./scripts/op-parts-plugin.js";
import { minifiedShaders } from "./scripts/wgsl-plugin.js";
import { workerFile } from "./scripts/worker-plugin.js";

/**
 * Vite keeps the blanks of ES libraries unless the bundler is told itself. Classes keep their names: people meet them in stack
 * traces and consoles.
 */
const minify: Rolldown.MinifyOptions = {
  codegen: { removeWhitespace: true },
  compress: { keepNames: { function: false, class: true } },
  mangle: { keepNames: { function: false, class: true } },
};

/** Of `src/ops`: what plans are chosen by, on the GPU's side and by minibatch solvers on all devices. */
const PLANS =
  /src[\\/]ops[\\/](?:forward-parts|linear-finish|linear-step-layout|matmul-(?:kernels|launch|variants)|set-ups|small-batch-plan|step-plan)\.ts$/;

const config: UserConfig = defineConfig({
  plugins: [
    minifiedShaders(),
    workerFile({ minify }),
    opPartsApart({
      plan: ["/webgpu/webgpu-backend.ts"],
      reference: ["/cpu/op-jobs.ts", "/engine/self-check.ts"],
    }),
  ],
  build: {
    lib: {
      entry: { index: "src/index.ts", testing: "src/testing/index.ts" },
      formats: ["es"],
      fileName: (_format, name) => `${name}.js`,
    },
    target: "es2022",
    sourcemap: true,
    copyPublicDir: false,
    reportCompressedSize: true,
    rolldownOptions: {
      output: {
        chunkFileNames: "[name].js",
        codeSplitting: {
          groups: [
            { name: "core", tags: ["$initial"], test: /src[\\/](?!metrics|index|testing)/, priority: 7 },
            // Beside the core, so that a bundler leaves out what a page does not import; all but what the core itself counts with.
            { name: "metrics", test: /src[\\/]metrics[\\/](?!class-counts|likeliest)/, priority: 6 },
            { name: "core", tags: ["$initial"], test: (id) => !/src[\\/]testing[\\/]/.test(id), priority: 5 },
            // What comes with a page's first engine: what all devices have in common.
            { name: "engine", test: /src[\\/]engine[\\/]open-engine/, priority: 4 },
            // What all devices look at before an op is carried out.
            {
              name: "ops",
              test: (id) => (isOp(id) && !id.includes("?")) || id.endsWith("sparse-product-arguments.ts"),
              priority: 3,
            },
            { name: "plans", test: PLANS, priority: 3 },
            // Which rows a worker has, or the page's thread takes together.
            { name: "tensor-rows", test: /cpu[\\/](?:tensor-rows|cpu-traits)/, priority: 2 },
            { name: "sparse-tensor", test: /src[\\/]engine[\\/]sparse-tensor/, priority: 2 },
            // How the CPU carries out what has no kernel, and what devices are checked against.
            { name: "references", test: /luce:attached-reference/, priority: 1 },
            // A fit has one solver.
            { name: "minibatches", test: /src[\\/]model[\\/]train-minibatches/, priority: 0 },
            { name: "lbfgs", test: /src[\\/]model[\\/]train-lbfgs\./, priority: 0 },
            // What every fit of dense rows asks for. Other losses than cross-entropy, columns that are scaled, and models that are
            // trained together come with what asks for them.
            { name: "training", test: /src[\\/]model[\\/]training\./, priority: 1 },
          ],
        },
        minify,
      },
    },
  },
});

export default config;
